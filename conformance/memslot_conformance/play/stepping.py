"""The hook through which the scheduler steps an implementation.

Every point is recorded. At those where another thread could tell the difference
the running thread stops, and the scheduler decides who goes on.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import get_ident
from typing import Concatenate, Protocol

from greenlet import (  # type: ignore[import-untyped, unused-ignore]
    GreenletExit,
)

from memslot_spec.history.events import Event, Point
from memslot_spec.history.hook import P
from memslot_spec.history.points.caches import CachesUpdated, GenerationSet
from memslot_spec.history.points.host import (
    HostPageFound,
    InvalidationBegun,
    InvalidationEnded,
)
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked, SpteUpdated
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    GuestEntered,
    IndexFlipped,
    Retried,
    SectionEntered,
    SectionEntering,
    SectionLeft,
    Slept,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableReclaimed,
    UpdateLocked,
    UpdateUnlocked,
)

SWITCHING: frozenset[object] = frozenset(
    {
        SectionEntering,
        SectionEntered,
        SectionLeft,
        TableLoaded,
        TablePublished,
        TableReclaimed,
        GracePeriodBegun,
        IndexFlipped,
        GracePeriodEnded,
        UpdateLocked,
        UpdateUnlocked,
        MmuLocked,
        MmuUnlocked,
        GuestEntered,
        Retried,
        SpteUpdated,
        HostPageFound,
        Slept,
        InvalidationBegun,
        InvalidationEnded,
        GenerationSet,
        CachesUpdated,
    }
)
"""The points at which another thread could tell the difference. The start of an
operation is a place to switch as well, just before its `Call`: no history is
lost, and a call never looks earlier than it has to."""

STEP_LIMIT = 20_000
"""Events after which a play is given up, unless it is of many operations."""

STEPS_OF_AN_OPERATION = 400
MOST_STEPS = 1_000_000
"""Many operations may take so many events each, and together."""


def step_limit_of(operations: int) -> int:
    """Events after which a play of so many operations is given up."""
    return max(STEP_LIMIT, min(operations * STEPS_OF_AN_OPERATION, MOST_STEPS))


def overrun_words(limit: int) -> str:
    """What is said of a play that was given up after so many events."""
    return (
        f"did not finish within {limit} steps; what waits for another thread must do "
        "so by hook.wait, which lets the others run"
    )


class Greenlet(Protocol):
    """What is used of a greenlet."""

    @property
    def dead(self) -> bool:
        """It ended."""
        ...

    def switch(self) -> object:
        """Run it until it switches back."""
        ...

    def throw(self) -> object:
        """Raise `GreenletExit` in it, where it stands."""
        ...


NOT_THEIRS = "the hook belongs to one thread: the one that an operation is called in"


def _nobody(_: int, __: BaseException) -> None:
    """Nobody is told."""


class SteppingHook:
    """Stops the implementation where another thread could tell the difference.

    Everything it announces is recorded under the running `thread`. The kinds in
    `switching` lead back to the scheduler.
    """

    def __init__(self, step_limit: int = STEP_LIMIT) -> None:
        self.events: list[Event] = []
        self.thread = 0
        self.switching: frozenset[object] = frozenset()
        self.waiting: dict[int, tuple[Callable[[], bool], str]] = {}
        self.scheduler: Greenlet | None = None
        self.overrun = False
        self.over = False
        self.limit = step_limit
        self.refused: Callable[[int, BaseException], None] = _nobody
        self._owner = get_ident()

    def point(
        self,
        kind: Callable[Concatenate[int, P], Point],
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> None:
        """Record the point; where it matters to others, let the chooser decide."""
        if get_ident() != self._owner:
            self._refuse()
        events = self.events
        events.append(kind(self.thread, *args, **kwargs))
        if kind in self.switching or len(events) > self.limit:
            self.pause()

    def wait(self, until: Callable[[], bool], label: str) -> None:
        """Go on at once or when `until()` holds, with nothing run in between.

        Errors: `RuntimeError` where no scheduler is there to run another thread, or a
        thread of the target's own waits.
        """
        if get_ident() != self._owner:
            self._refuse()
        if not self.over:
            if until():
                return
            self.waiting[self.thread] = (until, label)
        self.pause()

    def _refuse(self) -> None:
        """A thread of the target's own has no place in a schedule."""
        error = RuntimeError(NOT_THEIRS)
        self.refused(self.thread, error)
        raise error

    def pause(self) -> None:
        """Stop here until the scheduler lets this thread go on."""
        if self.over:
            raise GreenletExit
        if self.scheduler is None:
            message = "the implementation cannot stop here: nothing else can run"
            raise RuntimeError(message)
        self.overrun = len(self.events) > self.limit
        self.scheduler.switch()
