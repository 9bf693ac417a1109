"""A target that steps its own threads, as a scheduler that is elsewhere decides.

The suite says who runs; the target runs it up to the next stop, and tells what it did.
As most turns follow from those before, a plan says what comes after the next one: the
target may go ahead by it. What the suite decides otherwise was never played.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol, runtime_checkable

from memslot_spec.history.events import Event
from memslot_spec.model.operations import Operation


@dataclass(frozen=True, slots=True)
class Stretch:
    """The thread is given so many turns, one after the other.

    A turn lasts until the next stop: a point of a kind at which threads are switched,
    the end of an operation, or a wait.
    """

    thread: int
    turns: int


@dataclass(frozen=True, slots=True)
class Plan:
    """What comes next, as far as it is known.

    These stretches, and then, if it `stays`, whoever ran goes on as long as it can, and
    after it the runnable thread of the lowest number, to the end. Where a thread cannot
    take its turn nothing is known any more.
    """

    stretches: tuple[Stretch, ...] = ()
    stays: bool = False

    def then(self, stretch: Stretch) -> Plan:
        """The same, and this stretch after it."""
        return Plan((*self.stretches, stretch), stays=self.stays)


AS_LONG_AS_IT_CAN = 1 << 30
"""More turns than a thread takes."""

UNKNOWN = Plan()
"""Nothing is known beyond the next turn."""


class Went(NamedTuple):
    """What a thread did in one turn, its calls and returns among it.

    `waits` is the label of what it waits for now. Of the threads that wait, those in
    `ready` could go on. `broke` is how the target broke after the last turn of all.
    """

    thread: int
    events: tuple[Event, ...]
    waits: str | None
    is_over: bool
    ready: tuple[int, ...]
    broke: BaseException | None = None


class Turning(Protocol):
    """A race that a target plays."""

    def go(self, thread: int, plan: Callable[[], Plan]) -> Went:
        """Give the thread one turn; what is planned after it may be asked.

        Errors: whatever breaks the target.
        """
        ...


@runtime_checkable
class StepsItself(Protocol):
    """It has threads of its own, and gives them their turns."""

    def begin_turns(
        self, threads: tuple[tuple[Operation, ...], ...], stops: tuple[str, ...]
    ) -> Turning:
        """Have threads 1, 2, ... ready to carry these out.

        `stops` are the kinds of points at which a turn is over. All that is asked of
        the target before was answered.
        """
        ...
