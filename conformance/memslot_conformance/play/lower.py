"""Makes the numbers of a failing scenario small: toward 0, 1, or the edge that matters.

A candidate stays only where it still fails. A number is tried at 0 and 1 and at the
edges of the machine, and then by halves between what fails and what does not. So what
is left of it is small, or its neighbour below does not fail: then it is an edge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, replace

from memslot_conformance.play.lines import (
    Gap,
    Line,
    closing,
    gaps,
    moved,
    operations_of,
    raising,
    rewritten,
    with_number,
)
from memslot_conformance.play.parts import WriteNumber, parts
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.arithmetic.bitmaps import BITS_PER_WORD
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Operation,
    ReplaceTable,
    SetRegion,
)
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

ONE_SPACE = 1 << 16
"""Of the word of a slot the address space is what lies above."""

UNITS = (8, BITS_PER_WORD, PAGES_PER_HUGE_PAGE)
"""Bytes of a word, pages of a word of a log, pages of a huge page."""

GRAINS = (16, 256)
"""Pages of 64 KiB and of 1 MiB, of which some targets have whole ones only."""

OFF = (-1, 0, 1)
EDGES = (0, 1, 2, 3, *(unit + off for unit in UNITS for off in OFF), *GRAINS, 1 << 18)
"""What a number is tried at, below itself."""

NAMES = frozenset({"slot", "cache", "vcpu", "root"})
"""Fields by which operations name the same thing: what is renamed is renamed in all."""

Try = Callable[[Scenario], bool]


class Lowering:
    """A failing scenario whose numbers are made smaller for as long as it fails."""

    def __init__(self, scenario: Scenario, fails: Try) -> None:
        self.scenario = scenario
        self._fails = fails
        self._tried = {scenario}

    def run(self) -> Scenario:
        """Lower what can be lowered, again and again."""
        before = None
        while before != self.scenario:
            before = self.scenario
            self._simplify()
            self._shorten_lines()
            self._rename()
            self._lower_each()
        return self.scenario

    def _keeps(self, candidate: Scenario | None) -> bool:
        """Take the candidate, if it fails; none is tried twice."""
        if candidate is None or candidate in self._tried:
            return candidate == self.scenario
        self._tried.add(candidate)
        if not self._fails(candidate):
            return False
        self.scenario = candidate
        return True

    def _lowered(self, value: int, candidate: Callable[[int], Scenario | None]) -> int:
        """The least of a number that still fails, as far as halving finds it."""
        fails_not = -1
        alike = {more + value % unit for unit in UNITS for more in (0, unit)}
        for edge in sorted(alike.union(EDGES)):
            if edge >= value:
                break
            if self._keeps(candidate(edge)):
                value = edge
                break
            fails_not = edge
        while value - fails_not > 1:
            middle = (value + fails_not) // 2
            if self._keeps(candidate(middle)):
                value = middle
            else:
                fails_not = middle
        return value

    def _simplify(self) -> None:
        """One address space, and each field that has a default at its default."""
        self._keeps(rewritten(self.scenario, _in_one_space))
        for place in range(self.scenario.operations):
            while self._is_simpler(place):
                pass

    def _is_simpler(self, place: int) -> bool:
        operation = operations_of(self.scenario)[place]
        return any(
            self._keeps(_with(self.scenario, place, simpler))
            for simpler in _simpler(operation)
            if simpler != operation
        )

    def _shorten_lines(self) -> None:
        for line in Line:
            number = 0
            while number < len(found := gaps(self.scenario, line)):
                gap = found[number]
                # A gap that is closed is gone, and the next one has its number.
                number += self._shorten(gap) > 0

    def _shorten(self, gap: Gap) -> int:
        """Narrow a gap alone, or with all that are as wide, or from below."""
        before = self.scenario
        wide = [g for line in Line for g in gaps(before, line) if g.pages == gap.pages]
        pages = self._narrowed([gap])
        if pages == gap.pages and wide[1:]:
            pages = self._narrowed(wide)
        if pages == gap.pages and gap.above > gap.pages:
            # What has to reach up to a limit is drawn near it from below.
            pages = self._lowered(
                pages,
                lambda to: moved(before, {gap.line: raising(gap.above, pages - to)}),
            )
        return pages

    def _narrowed(self, together: list[Gap]) -> int:
        before, pages = self.scenario, together[0].pages
        above = {line: [g.above for g in together if g.line is line] for line in Line}

        def narrowed(width: int) -> Scenario | None:
            less = pages - width
            return moved(
                before,
                {line: closing(places, less) for line, places in above.items()},
            )

        return self._lowered(pages, narrowed)

    def _rename(self) -> None:
        """Slots, caches and vCPUs, each by one number wherever it stands."""
        for name in sorted(NAMES):
            for value in sorted(set(_named(self.scenario, name))):
                before = self.scenario

                def renamed(
                    to: int, name: str = name, old: int = value, of: Scenario = before
                ) -> Scenario:
                    return rewritten(of, lambda one: _renamed(one, name, old, to))

                self._lowered(value, renamed)

    def _lower_each(self) -> None:
        """Every number by itself, the places within a page among them."""
        for place in range(len(operations_of(self.scenario))):
            for read, write in parts(operations_of(self.scenario)[place]):
                before = self.scenario

                def lower(
                    to: int,
                    place: int = place,
                    write: WriteNumber = write,
                    of: Scenario = before,
                ) -> Scenario:
                    return _with(of, place, write(operations_of(of)[place], to))

                self._lowered(read(operations_of(before)[place]), lower)


def _with(scenario: Scenario, place: int, operation: Operation) -> Scenario:
    """The scenario with another operation at this place."""
    numbers = iter(range(scenario.operations))
    return rewritten(scenario, lambda one: operation if next(numbers) == place else one)


def _in_one_space(operation: Operation) -> Operation:
    if isinstance(operation, SetRegion):
        region = operation.region
        return replace(operation, region=replace(region, slot=region.slot % ONE_SPACE))
    if isinstance(operation, ClearDirtyLog | GetDirtyLog):
        return replace(operation, slot=operation.slot % ONE_SPACE)
    if isinstance(operation, GfnToHva | GfnToMemslot | GuestAccess):
        return replace(operation, as_id=0)
    return operation


def _simpler(operation: Operation) -> Iterator[Operation]:
    """The operation with one thing less about it."""
    if isinstance(operation, SetRegion):
        region, flags = operation.region, operation.region.flags
        for bit in range(flags.bit_length()):
            fewer = 0 if not bit else flags & ~(1 << bit)
            yield replace(operation, region=replace(region, flags=fewer))
    if isinstance(operation, ReplaceTable):
        for number in range(len(operation.ranges)):
            left = operation.ranges[:number] + operation.ranges[number + 1 :]
            yield replace(operation, ranges=left)
    if isinstance(operation, ClearDirtyLog) and operation.bitmap:
        few, first = min(operation.num_pages, BITS_PER_WORD), operation.bitmap[0]
        yield replace(operation, num_pages=few, bitmap=(first & -first,))
        yield replace(operation, num_pages=few, bitmap=(first,))
        yield replace(operation, bitmap=(first & -first, *operation.bitmap[1:]))
    for each in fields(operation):
        default: object = each.default
        if default is not MISSING and getattr(operation, each.name) != default:
            yield with_number(operation, each.name, default)


def _named(scenario: Scenario, name: str) -> Iterator[int]:
    for operation in operations_of(scenario):
        of = operation.region if isinstance(operation, SetRegion) else operation
        value: object = getattr(of, name, None)
        if isinstance(value, int):
            yield value


def _renamed(operation: Operation, name: str, old: int, to: int) -> Operation:
    if isinstance(operation, SetRegion):
        region = operation.region
        if name != "slot" or region.slot != old:
            return operation
        return replace(operation, region=replace(region, slot=to))
    if getattr(operation, name, None) != old:
        return operation
    return with_number(operation, name, to)
