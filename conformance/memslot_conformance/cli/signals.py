"""A time-out of whoever runs the suite ends it as an interrupt does.

SIGTERM is how a CI system or `timeout` ends what takes too long, SIGHUP how a terminal
that is closed does. By default both end the process at once, and what was found by then
is told to nobody.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager

ENDING = (signal.SIGTERM, signal.SIGHUP)


@contextmanager
def ended_by_signals() -> Generator[None]:
    """Here SIGTERM and SIGHUP raise `KeyboardInterrupt`.

    One that is ignored stays so, as `nohup` has it; and who handles one is left to it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [one for one in ENDING if signal.getsignal(one) is signal.SIG_DFL]
    for one in taken:
        signal.signal(one, signal.default_int_handler)
    try:
        yield
    finally:
        for one in taken:
            signal.signal(one, signal.SIG_DFL)
