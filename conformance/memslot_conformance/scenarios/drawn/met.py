"""What was met: kinds, objections, edges, and pairs of operations on one thing.

What is drawn never is tested never, and no verdict shows it, so it is counted: of a
race once, for all of its schedules. A *pair* is of two threads of a race, the one of
the lower number first; *then* is of one thread, one soon after the other.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field

from memslot_conformance.scenarios.drawn.edges import at_edges, edges_of
from memslot_conformance.scenarios.drawn.kinds import touched_by
from memslot_conformance.scenarios.drawn.left import follow
from memslot_conformance.scenarios.drawn.region_edges import Edge
from memslot_conformance.scenarios.drawn.touches import Left, Touches
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.header import Header
from memslot_spec.model.dirty_log import (
    clear_objections,
    enable_objections,
    get_objections,
)
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    Operation,
    SetRegion,
)
from memslot_spec.model.profile import profile_named
from memslot_spec.model.updates import change_of, objections

SOON = 4
"""Operations of one thread between which another may still be about the same."""


@dataclass(slots=True)
class Met:
    """Counts what one target was asked, and what met.

    The keys of `counter` begin with `kind`, `change`, `objection`, `edge`, `pair` or
    `then`.
    """

    header: Header
    counter: Counter[str] = field(default_factory=Counter[str])
    _edges: dict[str, list[Edge]] = field(init=False)
    _known: Left = field(default_factory=Left)
    _recent: deque[tuple[str, Touches]] = field(init=False)

    def __post_init__(self) -> None:
        self._edges = edges_of(self.header)
        self._recent = deque(maxlen=SOON)

    def begin(self) -> None:
        """A new VM, which knows nothing."""
        self._known = Left()
        self._recent.clear()

    def step(self, operation: Operation) -> None:
        """One operation of one thread of the VM."""
        self._asked(operation)
        touches = touched_by(self._known, operation)
        name = type(operation).__name__
        for earlier, its in self._recent:
            if its.meet(touches):
                self.counter[f"then {earlier} > {name}"] += 1
        self._recent.append((name, touches))
        follow(self.header, self._known, operation)

    def scenario(self, scenario: Scenario) -> None:
        """A whole scenario, once for all of its schedules."""
        self.begin()
        for operation in scenario.prefix:
            self.step(operation)
        self._race(scenario.threads)
        self._recent.clear()
        for operation in scenario.after:
            self.step(operation)

    def _race(self, threads: tuple[Operations, ...]) -> None:
        self.counter.update(pairs_of(self._known, threads))
        for thread in threads:
            for operation in thread:
                self._asked(operation)

    def _asked(self, operation: Operation) -> None:
        counter, known = self.counter, self._known
        counter[f"kind {type(operation).__name__}"] += 1
        for what in _refused(self.header, known, operation):
            counter[what] += 1
        for edge in at_edges(self._edges, self.header, known, operation):
            counter[f"edge {edge}"] += 1


def pairs_of(known: Left, threads: tuple[Operations, ...]) -> frozenset[str]:
    """The pairs of operations that meet in a race which begins with what is known."""
    touched = [
        [(type(one).__name__, touched_by(known, one)) for one in thread]
        for thread in threads
    ]
    return frozenset(
        f"pair {mine} x {its}"
        for number, thread in enumerate(touched)
        for mine, what in thread
        for other in touched[number + 1 :]
        for its, also in other
        if what.meet(also)
    )


def _refused(header: Header, known: Left, operation: Operation) -> Iterator[str]:
    """What a request changes, and everything that is wrong with it."""
    profile, limits, table = profile_named(header.profile), header.limits, known.table
    match operation:
        case SetRegion(region, private):
            yield f"change {change_of(table, region).name}"
            found = objections(table, region, profile, limits, private=private)
            yield from (f"objection {objection.name}" for objection in found)
        case GetDirtyLog():
            wrong = get_objections(table, operation.slot, profile, limits)
            yield from (f"objection of a log {one.name}" for one in wrong)
        case ClearDirtyLog():
            wrong = clear_objections(table, operation, profile, limits)
            yield from (f"objection of a log {one.name}" for one in wrong)
        case EnableManualProtect(options):
            wrong = enable_objections(options)
            yield from (f"objection of a log {one.name}" for one in wrong)
        case _:
            pass
