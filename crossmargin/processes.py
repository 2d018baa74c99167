"""Child processes that never outlive their parent: a local anvil, bots, anything else.

    with Processes() as group:
        anvil = group.add(Anvil())
        bot = group.add(Child([sys.executable, "-m", "some.bot", anvil.url], name="bot"))

Everything in the group is gone when the block is left: normally, by an exception, by Ctrl-C, SIGTERM or SIGHUP.
On Linux the kernel also kills the children when the parent itself is killed (SIGKILL) — strictly, when the thread
that started them ends, so start them from the main thread. A child has its own process group: a Ctrl-C at the
terminal reaches the parent alone, which then stops the children in order.

What the one who starts a program had ignored, it inherits. Of these, SIGINT is heeded all the same (`interruptible`), a
SIGHUP that `nohup` ignores stays ignored here, and children begin with the default action for every signal.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType, TracebackType
from typing import IO, Self

from crossmargin.errors import CrossmarginError, without_secrets

HOST = "127.0.0.1"
START_SECONDS = 20.0
GRACE_SECONDS = 2.0  # between the polite request to end and SIGKILL
_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

# Runs in the child before it becomes the program asked for. A program instead of `preexec_fn`, which is not safe
# while other threads run. The parent may have died before the kernel was told: hence the look at the parent's id.
# Ignored signals stay ignored across an exec: those of our parent (a script's background job, nohup), and Python's own.
_LEASH = """
import ctypes, os, signal, sys
if sys.platform == "linux":
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)
if os.getppid() != int(sys.argv[1]):
    os._exit(1)
for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
    signal.signal(number, signal.SIG_DFL)
signal.pthread_sigmask(signal.SIG_SETMASK, [])
os.execvp(sys.argv[2], sys.argv[2:])
"""


class ProcessError(CrossmarginError):
    """A child could not start or has stopped; the message is one line that says what to do."""


def ignored(number: int) -> bool:
    """True while this program ignores a signal, as it does from the start if whoever started it had."""
    return signal.getsignal(number) is signal.SIG_IGN


@contextmanager
def interruptible() -> Iterator[None]:
    """Within, SIGINT raises KeyboardInterrupt even if this program was started with SIGINT ignored.

    Shells ignore it for a script's background jobs, lest a Ctrl-C meant for the script reach them. A program that promises to
    end at Ctrl-C and to leave nothing behind had better end with the script; and `kill -INT` must work on it.
    A handler that somebody installed stays. Outside the main thread, which alone gets signals, nothing changes.
    """
    if not ignored(signal.SIGINT) or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def _signals_held() -> Iterator[None]:
    """No stop signal is delivered within: a child is never started without being known, or left half stopped."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


class Child:
    """A program in a process group of its own, its output in a file.

    It starts at `start()`, or when a `Processes` group takes it. `log=None` keeps the output in a temporary file that
    goes when the child is stopped.
    """

    def __init__(
        self,
        command: Sequence[str],
        name: str,
        log: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.command = list(command)
        self.name = name
        self._log = log
        self._env = dict(env) if env is not None else None
        self._output: IO[bytes] | None = None
        self._process: subprocess.Popen | None = None

    def start(self) -> Self:
        """Start it; the child dies with this process."""
        if shutil.which(self.command[0]) is None:
            raise ProcessError(f"{self.name}: there is no program {self.command[0]!r}: run ./run setup")
        self._output = self._open_log()
        leash = [sys.executable, "-I", "-S", "-c", _LEASH, str(os.getpid())]
        with _signals_held():
            self._process = subprocess.Popen(
                [*leash, *self.command],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                env=self._env,
                process_group=0,
            )
        return self

    def _open_log(self) -> IO[bytes]:
        try:
            return self._log.open("w+b") if self._log else tempfile.TemporaryFile()
        except OSError as fault:
            raise ProcessError(
                f"{self.name}: cannot write its log {self._log or 'in the temporary folder'}: {fault.strerror}"
            ) from None

    @property
    def pid(self) -> int:
        """Process id; 0 before the start."""
        return self._process.pid if self._process else 0

    @property
    def alive(self) -> bool:
        """True while the program runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def returncode(self) -> int | None:
        """Exit code, negative for a signal; None while it runs."""
        return self._process.poll() if self._process else None

    def output(self, lines: int = 20) -> list[str]:
        """The last lines it wrote, at most 64 kB of them."""
        if self._output is None or self._output.closed:
            return []
        descriptor = self._output.fileno()  # pread leaves the offset, which the child shares, alone
        size = os.fstat(descriptor).st_size
        tail = os.pread(descriptor, 65_536, max(0, size - 65_536))
        return tail.decode(errors="replace").splitlines()[-lines:]

    def check(self) -> None:
        """Raise if it has stopped by itself, with the last line it wrote."""
        if not self.alive:
            last = next((line for line in reversed(self.output()) if line.strip()), "it wrote nothing")
            told = without_secrets(last.strip())  # anvil repeats the address it forks from
            raise ProcessError(f"{self.name} stopped with code {self.returncode}: {told}")

    def wait(self, seconds: float) -> int | None:
        """Exit code once it has ended, None if it runs on after `seconds`."""
        if self._process is None:
            return None
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def ask_to_stop(self) -> None:
        """SIGTERM to the program and what it started, if it was started at all."""
        self._signal(signal.SIGTERM)

    def stop(self, grace: float = GRACE_SECONDS) -> None:
        """End it and whatever it started; returns when it is gone. May be called again."""
        if self._process is None:
            return
        with _signals_held():
            if self._process.poll() is None:
                self.ask_to_stop()
                self.wait(grace)
            self._signal(signal.SIGKILL)  # also what is left of its group
            self._process.wait()
            self._output.close()

    def _signal(self, number: int) -> None:
        if self._process is None:  # its start failed: nothing is there to be told
            return
        try:
            os.killpg(self._process.pid, number)
        except (ProcessLookupError, PermissionError):  # macOS says the latter of a group of zombies
            pass

    def __enter__(self) -> Self:
        return self if self._process else self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()


class Anvil(Child):
    """A local chain on this machine. `port=None` takes a free one; `options` are passed to anvil.

    `start()` returns when it answers. A port in use is an error that names the port.
    """

    def __init__(self, port: int | None = None, options: Sequence[str] = (), name: str = "anvil") -> None:
        super().__init__([], name)
        self._wanted_port = port
        self._options = list(options)
        self.port = port or 0

    @property
    def url(self) -> str:
        """HTTP address; the same with `ws` for websockets."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> Self:
        """Start it and wait for its first answer."""
        if self._wanted_port is not None and not _is_free(self._wanted_port):
            raise ProcessError(
                f"port {self._wanted_port} is in use: stop what listens there or choose another with --port"
            )
        binary = find_anvil()
        attempts = 1 if self._wanted_port is not None else 3  # another program may take a free port first
        for left in reversed(range(attempts)):
            self.port = self._wanted_port if self._wanted_port is not None else free_port()
            listen = ["--host", HOST, "--port", str(self.port), "--quiet"]
            self.command = [binary, *listen, *self._options]
            super().start()
            try:
                self._await_answer()
                return self
            except BaseException as fault:
                self.stop(grace=0)
                if left == 0 or not isinstance(fault, ProcessError):
                    raise
        raise AssertionError("unreachable")

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            self.check()
            try:
                rpc(self.url, "eth_chainId", timeout=2)
            except (OSError, ValueError):  # not there yet, or something else answered
                time.sleep(0.02)
                continue
            self.check()  # what answered must not be somebody else on the same port
            return
        raise ProcessError(
            f"anvil did not answer within {START_SECONDS:.0f} seconds: run {self.command[0]} by hand"
        )


class Processes:
    """A group of children that ends as one. While it is open, SIGTERM and SIGHUP leave the block like Ctrl-C does.

    SIGINT does so even if it was ignored at the start (see `interruptible`). A SIGHUP that was ignored stays so: who starts
    a program under nohup wants it to outlive the terminal.
    """

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._before: dict[int, object] = {}

    def add(self, child: Child) -> Child:
        """Take a child into the group, started if it was not."""
        self._children.append(child)  # first: a signal during the start must find it here
        return child.__enter__()

    def check(self) -> None:
        """Raise if any has stopped by itself."""
        for child in self._children:
            child.check()

    def stop(self) -> None:
        """End all, the last started first; anvil, started first, outlives its clients."""
        with _signals_held():
            for child in reversed(self._children[1:]):
                child.ask_to_stop()
            for child in reversed(self._children):
                child.stop()
            self._children.clear()

    def __enter__(self) -> Self:
        handlers = {signal.SIGTERM: _leave}
        if ignored(signal.SIGINT):
            handlers[signal.SIGINT] = signal.default_int_handler
        if not ignored(signal.SIGHUP):
            handlers[signal.SIGHUP] = _leave
        self._before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for number, handler in self._before.items():
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


def find_anvil() -> str:
    """The anvil next to this Python, else the one on PATH."""
    beside = Path(sys.executable).parent / "anvil"
    found = str(beside) if os.access(beside, os.X_OK) else shutil.which("anvil")
    if found is None:
        raise ProcessError("there is no anvil: run ./run setup")
    return found


def free_port() -> int:
    """A TCP port on this machine that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        return listener.getsockname()[1]


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        # As servers do: a connection that lingers after its close does not count as busy.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((HOST, port))
        except PermissionError:
            raise ProcessError(
                f"port {port} is reserved for root: choose one above 1023 with --port"
            ) from None
        except OSError:
            return False
    return True


def rpc(url: str, method: str, *params: object, timeout: float = 10) -> object:
    """One JSON-RPC call with nothing but the standard library. No proxies: the address is always on this machine."""
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}).encode()
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(request, timeout=timeout) as response:
        answer = json.load(response)
    if "error" in answer:
        raise ProcessError(f"{method}: {answer['error'].get('message', answer['error'])}")
    return answer["result"]
