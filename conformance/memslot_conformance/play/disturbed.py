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
from contextlib import contextmanager, suppress
from random import Random
from threading import Lock, local
from types import FrameType
from typing import Any

from memslot_spec.history.hook import Silent

Tracer = Any
"""What `sys.settrace` takes: called for a frame, it gives what is called next."""

LINES = (20, 60, 180)
"""Of so many lines one is held up at, in the mean; drawn for each thread of a play."""

POINTS, POINTS_OF_UPDATES = (1, 2, 6), (6, 12, 24)
"""The same of points: there are few, and each is where it matters. Who looks has soon
done so as often as it was to, and in vain while who updates stands still."""

CALLS, UPDATES = (1, 1, 2, 4), (1, 1, 2)
"""Calls of others, or updates, that are to be over before it goes on."""

LONGEST = (5e-4, 5e-4, 2e-3, 8e-3)
"""Seconds that it stands still at most: it may have the lock that others wait for."""

LONGEST_AT_POINT = (1e-3, 4e-3, 16e-3)
"""The same at a point. Who looks waits there for updates, and others who look may do so
at the same time; who updates waits for calls."""

AT_POINTS = "held_at_points"
"""What an implementation has that announces them to be held up there, and is true."""

OURS = ("memslot_conformance.", "memslot_spec.", "threading")
"""Modules at whose lines nobody is held up: the suite, its values, locks."""


class _Goal:
    """What one thread waits for."""

    def __init__(self, updates: int, count: int) -> None:
        self.updates = updates
        self.count = count
        self.reached = Lock()
        self.reached.acquire()


class Progress:
    """What is over in a play, and the threads that wait for more."""

    def __init__(self) -> None:
        self._over = [0, 0]
        self._goals: list[_Goal] = []
        self._one = Lock()
        self._is_updated = False

    def begin_updates(self) -> None:
        """Updates begin, now that all look who do so for long."""
        self._is_updated = True

    def end_updates(self) -> None:
        """There are no more to wait for."""
        self._is_updated = False
        for goal in tuple(self._goals):
            if goal.updates:
                self._reach(goal)

    def note(self, *, is_update: bool) -> None:
        """A call of some thread is over."""
        self._over[0] += 1
        self._over[1] += is_update
        for goal in tuple(self._goals):
            if self._over[goal.updates] >= goal.count:
                self._reach(goal)

    def await_more(self, updates: int, more: int, seconds: float) -> None:
        """Wait until so many more calls or updates are over; not where another does."""
        if not self._one.acquire(blocking=False):
            return
        try:
            if not self._goals:
                self._await(updates, more, seconds)
        finally:
            self._one.release()

    def await_updates(self, more: int, seconds: float) -> None:
        """Wait for updates, as others may who look; not where who updates waits."""
        if self._is_updated and not self._one.locked():
            self._await(1, more, seconds)

    def _reach(self, goal: _Goal) -> None:
        with suppress(ValueError):
            # It was given up, or reached for another reason, just now.
            self._goals.remove(goal)
            goal.reached.release()

    def _await(self, updates: int, more: int, seconds: float) -> None:
        goal = _Goal(updates, self._over[updates] + more)
        self._goals.append(goal)
        if not goal.reached.acquire(timeout=seconds):
            with suppress(ValueError):
                # It was reached just now.
                self._goals.remove(goal)


class _Holder:
    """Stands still at lines of the target, at places drawn from a seed."""

    def __init__(self, rng: Random, progress: Progress, *, updates: bool) -> None:
        self._rng = rng
        self._progress = progress
        self._mean = rng.choice(LINES)
        self._left = self._drawn(self._mean)
        self._updates = updates
        self._mean_points = rng.choice(POINTS_OF_UPDATES if updates else POINTS)
        self._points_left = self._drawn(self._mean_points)

    def _drawn(self, mean: int) -> int:
        return int(self._rng.expovariate(1 / mean)) + 1

    def call(self, frame: FrameType, event: str, arg: object) -> Tracer:  # noqa: ARG002
        """A function is called: its lines are counted, if it is the target's."""
        name = frame.f_globals.get("__name__", "")
        ours = isinstance(name, str) and name.startswith(OURS)
        return None if ours else self._line

    def _line(self, frame: FrameType, event: str, arg: object) -> Tracer:  # noqa: ARG002
        self._left -= 1
        if self._left <= 0:
            self._left = self._drawn(self._mean)
            updates = self._rng.getrandbits(1)
            more = self._rng.choice(UPDATES if updates else CALLS)
            self._progress.await_more(updates, more, self._rng.choice(LONGEST))
        return self._line

    def come_by_point(self) -> None:
        """Stand still, if it is this point at which it was to."""
        self._points_left -= 1
        if self._points_left > 0:
            return
        self._points_left = self._drawn(self._mean_points)
        seconds = self._rng.choice(LONGEST_AT_POINT)
        if self._updates:
            self._progress.await_more(0, self._rng.choice(CALLS), seconds)
        else:
            self._progress.await_updates(self._rng.choice(UPDATES), seconds)


class _Holders(local):
    """Who holds up the thread that asks, if anybody does."""

    holder: _Holder | None = None


_holders = _Holders()


class Passing(Silent):
    """Records nothing. A thread that comes by a point may be held up there."""

    def passing(self) -> None:
        """The thread that calls is at a point."""
        if _holders.holder is not None:
            _holders.holder.come_by_point()


@contextmanager
def held_up(
    rng: Random | None, progress: Progress, *, updates: bool, at_points: bool
) -> Generator[None]:
    """Hold this thread up now and then, which asks for updates or does not.

    That is at points, where the target announces any, else at its lines; and not at
    all where these are traced by somebody already.
    """
    if rng is None or (not at_points and sys.gettrace() is not None):
        yield
        return
    holder = _Holder(rng, progress, updates=updates)
    if at_points:
        _holders.holder = holder
    else:
        sys.settrace(holder.call)
    try:
        yield
    finally:
        if at_points:
            _holders.holder = None
        else:
            sys.settrace(None)
