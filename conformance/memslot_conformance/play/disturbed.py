"""Threads that are held up in the middle of what they do.

The interpreter switches threads when a time is over, so an operation of a few
microseconds is mostly over first, and on a loaded machine nearly always. A thread that
stands still at a line that is drawn, until others have come on, lets them through
whatever the load. Nothing is changed but when a thread goes on. Lines of C are not
seen; there it stands still at points that the target announces.
"""

from __future__ import annotations

import sys
from collections.abc import Generator
from contextlib import contextmanager
from random import Random
from threading import Lock, local
from types import FrameType
from typing import Any

from memslot_spec.history.hook import Silent

Tracer = Any
"""What `sys.settrace` takes: called for a frame, it gives what is called next."""

LINES = (20, 60, 180)
"""Of so many lines one is held up at, in the mean; drawn for each thread of a play."""

A_POINT = 10
"""For so many lines a point stands: there are few, and it is where it matters."""

CALLS, UPDATES = (1, 1, 2, 4), (1, 1, 2)
"""Calls of others, or updates, that are to be over before it goes on."""

LONGEST = (5e-4, 5e-4, 2e-3, 8e-3)
"""Seconds that it stands still at most: it may have the lock that others wait for."""

OURS = ("memslot_conformance.", "memslot_spec.", "threading")
"""Modules at whose lines nobody is held up: the suite, its values, locks."""


class Progress:
    """What is over in a play, and the one thread that waits for more."""

    def __init__(self) -> None:
        self._over = [0, 0]
        self._goal: tuple[int, int] | None = None
        self._reached = Lock()
        self._reached.acquire()
        self._one = Lock()

    def note(self, *, is_update: bool) -> None:
        """A call of some thread is over."""
        self._over[0] += 1
        self._over[1] += is_update
        goal = self._goal
        if goal is not None and self._over[goal[0]] >= goal[1]:
            self._goal = None
            self._reached.release()

    def await_more(self, updates: int, more: int, seconds: float) -> None:
        """Wait until so many more calls or updates are over; not where another does."""
        if not self._one.acquire(blocking=False):
            return
        try:
            self._goal = goal = updates, self._over[updates] + more
            if not self._reached.acquire(timeout=seconds) and self._goal is not goal:
                # It was reached just now.
                self._reached.acquire()
            self._goal = None
        finally:
            self._one.release()


class _Holder:
    """Stands still at lines of the target, at places drawn from a seed."""

    def __init__(self, rng: Random, progress: Progress) -> None:
        self._rng = rng
        self._progress = progress
        self._mean = rng.choice(LINES)
        self._left = self._drawn()

    def _drawn(self) -> int:
        return int(self._rng.expovariate(1 / self._mean)) + 1

    def call(self, frame: FrameType, event: str, arg: object) -> Tracer:  # noqa: ARG002
        """A function is called: its lines are counted, if it is the target's."""
        name = frame.f_globals.get("__name__", "")
        ours = isinstance(name, str) and name.startswith(OURS)
        return None if ours else self._line

    def _line(self, frame: FrameType, event: str, arg: object) -> Tracer:  # noqa: ARG002
        self.come_on(1)
        return self._line

    def come_on(self, lines: int) -> None:
        """Stand still, if it is at one of these lines that this was to be."""
        self._left -= lines
        if self._left <= 0:
            self._left = self._drawn()
            updates = self._rng.getrandbits(1)
            more = self._rng.choice(UPDATES if updates else CALLS)
            self._progress.await_more(updates, more, self._rng.choice(LONGEST))


class _Holders(local):
    """Who holds up the thread that asks, if anybody does."""

    holder: _Holder | None = None


_holders = _Holders()


class Passing(Silent):
    """Records nothing. A thread that comes by a point may be held up there."""

    def passing(self) -> None:
        """The thread that calls is at a point."""
        if _holders.holder is not None:
            _holders.holder.come_on(A_POINT)


@contextmanager
def held_up(rng: Random | None, progress: Progress) -> Generator[None]:
    """Hold this thread up now and then.

    Where it is traced by somebody already, that is at points alone.
    """
    if rng is None:
        yield
        return
    holder = _Holder(rng, progress)
    trace = sys.gettrace() is None
    _holders.holder = holder
    if trace:
        sys.settrace(holder.call)
    try:
        yield
    finally:
        if trace:
            sys.settrace(None)
        _holders.holder = None
