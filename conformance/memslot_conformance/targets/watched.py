"""Work on a target of threads, watched by a thread that does nothing else.

What asks such a target may come to a lock that nobody will give back. Then the process
can do nothing more, and to wait for the time that the work may take would tell less.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Thread

from memslot_conformance.targets.stuck import STUCK, nobody_can_go_on, where

LOOKS = 0.25
"""Seconds between two looks."""


class StuckError(Exception):
    """Nobody in the process can go on. It says where the work stands."""


def watched(work: Callable[[], None]) -> None:
    """Have the work done by another thread, and look whether it can go on.

    Errors: whatever the work raises; `StuckError`, and the work is left behind.
    """
    raised: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - raised again by who watches
            raised.append(error)

    worker = Thread(target=run, daemon=True)
    worker.start()
    while worker.is_alive():
        worker.join(LOOKS)
        if worker.is_alive() and nobody_can_go_on():
            raise StuckError(where(worker.ident) + STUCK)
    for error in raised:
        raise error
