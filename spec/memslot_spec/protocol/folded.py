"""Facts folded to a value: two paths that left the same fold have one future.

Facts remember numbers that only grow: steps, and serials of mappings. Clauses do
nothing but compare them, so a fold keeps their order and no more (`renumbering`). It
drops what no clause can ask again, and keeps the rest in `cells`. Facts about what
the protocol does not announce (dirty logs, generations, caches) are left out: no
clause about them applies.

`unfold` makes facts again, and the search goes on from those alone. A fold that
dropped too much would change what the judge says. A test holds it to that: facts
that are folded and unfolded after every event lead to the same judgement.
"""

from __future__ import annotations

from collections.abc import Iterator

from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.srcu import GracePeriod, Section
from memslot_spec.history.header import Header
from memslot_spec.protocol.cells import (
    IN_FACTS,
    IN_SECTIONS,
    IN_SHADOW,
    IN_TABLES,
    Cells,
    Changes,
    Layout,
    Stock,
)
from memslot_spec.protocol.kept import keep
from memslot_spec.protocol.lazy import is_restored
from memslot_spec.protocol.renumbering import (
    Mark,
    Period,
    renumber_mappings,
    renumber_steps,
)
from memslot_spec.protocol.unfolded import Stack, UnfoldedFacts

OVERTAKEN = -1
"""The version that was current at a call, when it is current no more."""


class Fold:
    """Folds facts of one header, and unfolds them again."""

    def __init__(self, header: Header, threads: int) -> None:
        """For so many threads. Errors: `ValueError` where no points are announced."""
        if not Facts(header).sighted:
            message = "facts without points keep worlds, which have no fold"
            raise ValueError(message)
        self.layout = Layout(threads)
        self._header = header
        self._stock = Stock(len(self.layout.names))

    def at_the_start(self) -> Cells:
        """What is known of a VM that has just been created."""
        facts, layout = Facts(self._header), self.layout
        values: dict[str, object] = {name: getattr(facts, name) for name in IN_FACTS}
        values |= {name: getattr(facts.tables, name) for name in IN_TABLES}
        values |= {name: getattr(facts.shadow, name) for name in IN_SHADOW}
        values |= {name: getattr(facts.sections, name) for name in IN_SECTIONS}
        return tuple(
            [
                self._stock.number(cell, keep(values.get(name)))
                for cell, name in enumerate(layout.names)
            ]
        )

    def unfold(self, cells: Cells) -> UnfoldedFacts:
        """Facts with the same future, each restored when it is first read."""
        return UnfoldedFacts(self._header, self.layout, self._stock, cells)

    def fold(self, facts: UnfoldedFacts) -> Changes:
        """What has changed since they were unfolded. They are used up.

        What has not been read has not changed, and is not looked at here.
        """
        moved = facts.moved()
        if Mark.STEPS in moved:
            renumber_steps(facts)
        if Mark.SERIALS in moved:
            renumber_mappings(facts)
        if Mark.NEWEST in moved:
            for known in facts.calls.values():
                if facts.tables.newest > known.newest:
                    known.newest = OVERTAKEN
        values = [(c, self._stock.number(c, value)) for c, value in self._values(facts)]
        # What was put in unread is in wherever these changes are made again, though
        # here it may have been in already.
        return tuple(
            [
                (cell, number)
                for cell, number in values
                if cell not in facts.reads or number != facts.cells[cell]
            ]
        )

    def _values(self, facts: UnfoldedFacts) -> Iterator[tuple[int, object]]:
        """What is in each cell that was read or changed."""
        layout = self.layout
        if is_restored(facts, "updates_called"):
            facts.updates_called = min(facts.updates_called, 1)
        for owner, names in (
            (facts, IN_FACTS),
            (facts.tables, IN_TABLES),
            (facts.shadow, IN_SHADOW),
            (facts.sections, IN_SECTIONS),
        ):
            for name in names:
                if is_restored(owner, name):
                    yield layout.of(name), keep(getattr(owner, name))
        yield from self._of_threads(facts)

    def _of_threads(self, facts: UnfoldedFacts) -> Iterator[tuple[int, object]]:
        at = self.layout.of_thread
        for thread, stack in facts.lazy_open.known.items():
            yield at("open", thread), _stack(facts, stack)
        # These before the calls, which are kept without their updates.
        for thread, update in facts.updates_now().items():
            yield at("update", thread), keep(update)
        for thread, known in facts.lazy_calls.known.items():
            yield at("calls", thread), _call(known)
        for thread, period in facts.lazy_periods.known.items():
            yield at("periods", thread), _period(period)
        for name, lock in (
            ("update_lock", facts.lazy_update_lock),
            ("mmu_lock", facts.lazy_mmu_lock),
        ):
            for thread, times in lock.known.items():
                yield at(name, thread), times
        for name, table in (
            ("has_call", facts.lazy_calls),
            ("has_request", facts.lazy_updates),
            ("is_inside", facts.lazy_open),
        ):
            for thread in sorted(table.changed):
                yield at(name, thread), table.known[thread] is not None or None


def _stack(facts: UnfoldedFacts, stack: list[Section] | None) -> Stack | None:
    """The sections with the oldest table that each loaded, and the last."""
    if stack is None:
        return None
    for section in stack:
        loaded = section.loaded
        if loaded:
            oldest, last = min(loaded), loaded[-1]
            section.loaded = [last] if oldest == last else [oldest, last]
    return keep(stack), tuple([facts.who_waits_for(section) for section in stack])


def _call(known: CallFacts | None) -> object:
    """The call with which tables it loaded, in no order, and without its update."""
    if known is None:
        return None
    known.step, known.update = 0, None
    known.loaded = sorted(set(known.loaded))
    return keep(known)


def _period(period: GracePeriod | None) -> Period | None:
    if period is None:
        return None
    return Period(period.begun, period.version, bool(period.waits_for))
