"""What a run reached at all, and in which scenario it last reached something new.

A *thing* is what may be reached once: the premise of a clause, an option of a choice,
an outcome of an operation, an edge, two operations that met, a clause that was broken.
By what each layer still reaches
anew the layers share the time, and a run ends where nothing new came for long enough.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memslot_spec.choice import OptionCounts
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import (
    FoundHostPage,
    FoundHva,
    FoundId,
    FoundSlot,
    Refused,
    Reply,
    Touched,
    Visible,
)

Thing = tuple[str, ...]
"""The kind of it, and its name in one word or several."""

PREMISE, OPTION, OUTCOME, BROKEN = "premise", "option", "outcome", "broken clause"

MET = {"then": "ordered pair"}
"""What a kind of meeting is called, where its own word says too little."""

LEAST = 2_000
"""Scenarios without anything new, before a run ends for it."""


@dataclass(slots=True)
class Reached:
    """The things reached so far.

    `scenarios` counts those begun, `newest` is the number of the one that last reached
    something new; `things` gives for each the number of the first that reached it.
    """

    scenarios: int = 0
    newest: int = 0
    things: dict[Thing, int] = field(default_factory=dict[Thing, int])

    def begin_scenario(self) -> None:
        """A scenario is about to be played, once or often."""
        self.scenarios += 1

    def hear(self, things: Iterable[Thing]) -> None:
        """Note things, those reached before among them."""
        known, now = self.things, self.scenarios
        for thing in things:
            if thing not in known:
                known[thing] = now
                self.newest = now

    def hear_judged(self, premises: dict[str, int], taken: OptionCounts) -> None:
        """Note what the judge of one history says."""
        known = self.things
        new: list[Thing] = [
            (PREMISE, clause)
            for clause, count in premises.items()
            if count and (PREMISE, clause) not in known
        ]
        new += [(OPTION, *option) for option in taken if (OPTION, *option) not in known]
        if new:
            self.hear(new)

    def hear_met(self, met: Iterable[str]) -> None:
        """Note edges that were asked for and operations that met, each by its name.

        Its first word says of which kind it is.
        """
        words = (name.partition(" ") for name in met)
        self.hear((MET.get(kind, kind), name) for kind, _, name in words)

    @property
    def exhausted(self) -> bool:
        """Nothing new came for as long as it took to reach all there is.

        And for no less than `LEAST` scenarios.
        """
        return self.scenarios - self.newest >= max(self.newest, LEAST)

    @property
    def by_kind(self) -> dict[str, int]:
        """How many things of each kind were reached."""
        counts: dict[str, int] = {}
        for kind, *_ in sorted(self.things):
            counts[kind] = counts.get(kind, 0) + 1
        return counts


def outcomes_of(events: Sequence[Event]) -> set[Thing]:
    """Each kind of operation with each kind of reply that it got."""
    found: set[Thing] = set()
    called: dict[int, Operation] = {}
    for event in events:
        if isinstance(event, Call):
            called[event.thread] = event.operation
        elif isinstance(event, Return) and event.thread in called:
            operation = called[event.thread]
            found.add((OUTCOME, type(operation).__name__, *_words(event.reply)))
    return found


def _words(reply: Reply) -> tuple[str, str]:
    """The kind of a reply, and which sort of it, where there are few."""
    sort = ""
    match reply:
        case Refused(errno=errno):
            sort = "" if errno is None else errno.name
        case FoundHostPage(hva=None, error=error):
            sort = "" if error is None else error.name
        case FoundSlot(slot=None) | FoundHva(hva=None) | FoundId(id=None):
            sort = "none"
        case Visible(visible=flag) | Touched(young=flag):
            sort = str(flag)
        case _:
            pass
    return type(reply).__name__, sort
