"""Programs that start with known signals, whatever started the tests: a terminal, or a script's background job."""

from __future__ import annotations

import signal
from collections.abc import Callable

STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def born(*ignoring: signal.Signals) -> Callable[[], None]:
    """For `preexec_fn`: the default action for all stop signals but those, which the program starts with ignored."""

    def prepare() -> None:
        for number in STOPS:
            signal.signal(number, signal.SIG_IGN if number in ignoring else signal.SIG_DFL)

    return prepare
