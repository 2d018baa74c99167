"""Nothing that `crossmargin.processes` starts outlives its parent, however that ends."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from crossmargin.processes import Anvil, Child, ProcessError, Processes, find_anvil, interruptible, rpc
from tests.support.signals import STOPS, born

ROOT = Path(__file__).resolve().parents[2]
SLEEPER = [sys.executable, "-c", "import time; time.sleep(300)"]
# Ignores SIGTERM and has a child of its own.
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " p = subprocess.Popen([sys.executable, '-c', 'import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    " print(1, flush=True); time.sleep(300)']);"
    " print(p.pid, flush=True); time.sleep(300)",
]


def gone(pid: int, within: float = 5) -> bool:
    """True once there is no such process, or nothing but its entry in the table."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            if Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except FileNotFoundError:
            if not Path("/proc/self").exists():
                return subprocess.call(["kill", "-0", str(pid)], stderr=subprocess.DEVNULL) != 0
            return True
        time.sleep(0.02)
    return False


def test_gone_tells_running_from_ended():
    running = subprocess.Popen(SLEEPER)
    try:
        assert not gone(running.pid, within=0.1)
    finally:
        running.kill()
    assert gone(running.pid)
    running.wait()


PARENT = """
import sys, time
from crossmargin.processes import Anvil, Child, Processes

with Processes() as group:
    anvil = group.add(Anvil())
    children = [group.add(Child([sys.executable, "-c", "import time; time.sleep(300)"], name=f"bot {i}")) for i in range(2)]
    print(anvil.pid, *(child.pid for child in children), flush=True)
    END
"""


def start_parent(
    end: str = "time.sleep(300)", ignoring: tuple[signal.Signals, ...] = ()
) -> tuple[subprocess.Popen, list[int]]:
    code = textwrap.dedent(PARENT).replace("END", end)
    parent = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=born(*ignoring),
    )
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 3, parent.stderr.read()
    return parent, pids


@pytest.mark.anvil
@pytest.mark.parametrize("ignoring", [(), (signal.SIGINT, signal.SIGTERM)], ids=["plain", "ignored"])
@pytest.mark.parametrize(
    ("number", "code"),
    [
        (signal.SIGINT, -signal.SIGINT),
        (signal.SIGTERM, 128 + signal.SIGTERM),
        (signal.SIGHUP, 128 + signal.SIGHUP),
    ],
)
def test_children_end_with_a_signal_to_the_parent(number, code, ignoring):
    """Also where the parent was started with the signal ignored, as a script's background job is."""
    parent, pids = start_parent(ignoring=ignoring)
    parent.send_signal(number)
    parent.communicate(timeout=10)
    assert [pid for pid in pids if not gone(pid, within=0.2)] == []
    assert parent.returncode == code


@pytest.mark.anvil
def test_under_nohup_a_hangup_ends_nothing():
    parent, pids = start_parent(ignoring=(signal.SIGHUP,))
    parent.send_signal(signal.SIGHUP)
    with pytest.raises(subprocess.TimeoutExpired):
        parent.wait(0.3)
    assert [pid for pid in pids if gone(pid, within=0.01)] == []
    parent.send_signal(signal.SIGTERM)
    parent.communicate(timeout=10)
    assert [pid for pid in pids if not gone(pid, within=0.2)] == []


@pytest.mark.anvil
@pytest.mark.skipif(sys.platform != "linux", reason="only the Linux kernel ends children of a killed parent")
def test_children_end_when_the_parent_is_killed():
    parent, pids = start_parent()
    parent.kill()
    parent.communicate(timeout=10)
    assert [pid for pid in pids if not gone(pid)] == []


@pytest.mark.anvil
@pytest.mark.parametrize(("end", "code"), [("pass", 0), ("raise RuntimeError", 1), ("sys.exit(3)", 3)])
def test_children_end_with_the_block(end, code):
    parent, pids = start_parent(end)
    parent.communicate(timeout=10)
    assert parent.returncode == code
    assert [pid for pid in pids if not gone(pid, within=0.2)] == []


@pytest.mark.anvil
def test_two_interrupts_in_a_row_leave_nothing():
    parent, pids = start_parent()
    parent.send_signal(signal.SIGINT)
    time.sleep(0.02)
    parent.send_signal(signal.SIGINT)
    parent.communicate(timeout=10)
    assert [pid for pid in pids if not gone(pid, within=0.2)] == []


def test_a_child_that_ignores_the_request_ends_with_what_it_started():
    with Child(STUBBORN, name="stubborn") as child:
        while len(child.output()) < 2:
            time.sleep(0.02)
        inner = int(max(child.output(), key=len))
        child.stop(grace=0.1)
        assert gone(child.pid, within=0.2)
        assert gone(inner)


@pytest.mark.anvil
def test_anvil_answers_on_a_free_port_and_quietly():
    with Anvil(options=["--chain-id", "4242", "--accounts", "1"]) as anvil:
        assert int(rpc(anvil.url, "eth_chainId"), 16) == 4242
        assert len(rpc(anvil.url, "eth_accounts")) == 1
        assert anvil.output() == []
        pid = anvil.pid
    assert gone(pid, within=0.2)


@pytest.mark.anvil
def test_anvil_takes_the_port_it_is_given():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with Anvil(port) as anvil:
        assert anvil.url == f"http://127.0.0.1:{port}"
        assert int(rpc(anvil.url, "eth_chainId"), 16) == 31337
    with Anvil(port) as anvil:  # and again, at once
        assert anvil.alive


def test_a_busy_port_is_named():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(
            ProcessError, match=f"^port {port} is in use: stop what .* or choose another with --port$"
        ):
            Anvil(port).start()


def test_a_bad_option_shows_what_anvil_says():
    with pytest.raises(ProcessError, match="anvil stopped with code 2: "):
        Anvil(options=["--no-such-option"]).start()


def test_anvil_is_found_on_path_when_not_beside_python(tmp_path, monkeypatch):
    other = tmp_path / "anvil"
    other.write_text("#!/bin/sh\n")
    other.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "empty" / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_anvil() == str(other)
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(ProcessError, match=r"^there is no anvil: run ./run setup$"):
        find_anvil()


def test_a_child_that_stopped_is_reported_with_its_last_line():
    child = Child([sys.executable, "-c", "print('out of luck'); raise SystemExit(7)"], name="keeper")
    with child:
        assert child.wait(10) == 7
        with pytest.raises(ProcessError, match=r"^keeper stopped with code 7: out of luck$"):
            child.check()
        with Processes() as group:
            group.add(child)
            with pytest.raises(ProcessError, match="keeper stopped"):
                group.check()


def test_a_missing_program_is_named():
    with pytest.raises(ProcessError, match=r"^bot: there is no program 'no-such-program'"):
        Child(["no-such-program"], name="bot").start()


def test_a_group_whose_child_has_no_program_still_ends_with_the_missing_program_named():
    """Once the group kept the child that never started, and its end raised AttributeError."""
    with pytest.raises(ProcessError, match=r"^bot: there is no program 'no-such-program'"):
        with Processes() as group:
            running = group.add(Child(SLEEPER, name="sleeper"))
            group.add(Child(["no-such-program"], name="bot"))
    assert gone(running.pid, within=0.2)


def test_a_child_that_never_started_ignores_a_request_to_stop():
    child = Child(["no-such-program"], name="bot")
    child.ask_to_stop()
    child.stop()
    assert (child.alive, child.pid, child.returncode) == (False, 0, None)


def test_a_child_whose_log_cannot_be_written_is_one_line(tmp_path):
    with pytest.raises(ProcessError, match=r"^bot: cannot write its log .*: No such file or directory$"):
        Child(SLEEPER, name="bot", log=tmp_path / "none" / "bot.log").start()


def test_output_goes_to_the_log_and_the_environment_is_passed(tmp_path):
    log = tmp_path / "bot.log"
    code = "import os; print(os.environ['GREETING'])"
    with Child(
        [sys.executable, "-c", code], "bot", log=log, env={**os.environ, "GREETING": "hello"}
    ) as child:
        assert child.wait(10) == 0
    assert log.read_text() == "hello\n"


SIGNALS = """
import signal
usual = {signal.SIGINT: signal.default_int_handler, signal.SIGPIPE: signal.SIG_IGN, signal.SIGXFSZ: signal.SIG_IGN}
fixed = {signal.SIGKILL, signal.SIGSTOP}
odd = {s for s in signal.valid_signals() - fixed if signal.getsignal(s) != usual.get(s, signal.SIG_DFL)}
print(signal.pthread_sigmask(signal.SIG_BLOCK, []), odd)
"""
BEARER = """
import sys
from crossmargin.processes import Child

with Child([sys.executable, "-c", sys.argv[1]], "bot") as child:
    child.wait(10)
    print(*child.output())
"""


@pytest.mark.parametrize("ignoring", [(), STOPS], ids=["plain", "ignored"])
def test_a_child_can_be_interrupted_and_has_default_signals(ignoring):
    """The mask held while a child starts, Python's own dispositions and the ones inherited do not reach the program."""
    found = subprocess.run(
        [sys.executable, "-c", BEARER, SIGNALS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        preexec_fn=born(*ignoring),
    )
    assert (found.stdout, found.stderr) == ("set() set()\n", "")


# Sleeps as a command of ours; says when it began.
COMMAND = """
import sys, time, click
from crossmargin.bots.settings import run_command

@click.command()
def main():
    print("begun", flush=True)
    time.sleep(300)

sys.exit(run_command(main, "bot", []))
"""


@pytest.mark.parametrize("ignoring", [(), (signal.SIGINT,)], ids=["plain", "ignored"])
def test_a_command_ends_on_an_interrupt(ignoring):
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=born(*ignoring),
    ) as run:
        try:
            assert run.stdout.readline() == "begun\n"
            run.send_signal(signal.SIGINT)
            assert run.communicate(timeout=10) == ("", "\nbot: interrupted\n")  # ^C stands before it
        finally:
            run.kill()
    assert run.returncode == 130


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_handlers_are_put_back(number):
    theirs = signal.signal(number, signal.SIG_IGN)
    try:
        with Processes():
            assert (signal.getsignal(number) is signal.SIG_IGN) == (number == signal.SIGHUP)
        assert signal.getsignal(number) is signal.SIG_IGN
        signal.signal(number, signal.SIG_DFL)
        with Processes():
            pass
        assert signal.getsignal(number) is signal.SIG_DFL
    finally:
        signal.signal(number, theirs)


def test_an_ignored_interrupt_is_heeded_for_a_while():
    theirs = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        os.kill(os.getpid(), signal.SIGINT)
        with pytest.raises(KeyboardInterrupt), interruptible():
            os.kill(os.getpid(), signal.SIGINT)
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, theirs)


def test_a_handler_of_somebody_else_stays():
    def mine(*_: object) -> None: ...

    theirs = signal.signal(signal.SIGINT, mine)
    try:
        with interruptible():
            assert signal.getsignal(signal.SIGINT) is mine
        assert signal.getsignal(signal.SIGINT) is mine
    finally:
        signal.signal(signal.SIGINT, theirs)
