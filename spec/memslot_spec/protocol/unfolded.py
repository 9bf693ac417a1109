"""Facts made of cells, each restored when it is first read.

A judge works with them as with any facts. Afterwards they tell which cells it read,
and in which order, and so on what its answer rests. What nobody has read nobody can
have changed, so the cells that were read are all that has to be folded again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from memslot_spec.facts.calls import CallFacts, Update
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.facts.srcu import GracePeriod, Section
from memslot_spec.history.header import Header
from memslot_spec.model.values import SlotTable
from memslot_spec.protocol.cells import IN_FACTS, Cells, Layout, Stock
from memslot_spec.protocol.kept import restore
from memslot_spec.protocol.lazy import (
    LazySections,
    LazyShadow,
    LazyTable,
    LazyTables,
    forget,
    is_restored,
)
from memslot_spec.protocol.renumbering import (
    NO_STEPS,
    Mark,
    Marks,
    Period,
    of_period,
    of_replaced,
    of_serial,
    of_sptes,
    of_update,
    of_versions,
)

FIRST_STEP = 1000
"""The step of the first event after facts were restored: above every folded step."""

Stack = tuple[object, tuple[frozenset[int], ...]]
"""A thread's sections as they are kept, and for each who waits for it."""


class UnfoldedFacts(Facts):
    """Facts of these cells. `reads` are the cells read so far, in their order."""

    def __init__(
        self, header: Header, layout: Layout, stock: Stock, cells: Cells
    ) -> None:
        """Nothing is restored yet."""
        super().__init__(header)
        self.step = FIRST_STEP
        self.layout = layout
        self.cells = cells
        self.reads: list[int] = []
        self._stock = stock
        self._before: dict[tuple[int, Mark], object] = {}
        # As they were, whatever has become of their calls and threads since.
        self._stacks: dict[int, tuple[Section, ...]] = {}
        self._waiting: dict[int, frozenset[int]] = {}
        self.requests: dict[int, Update | None] = {}
        forget(self, IN_FACTS)
        threads, sections = layout.threads, LazySections(self._load)
        self.lazy_calls = LazyTable(threads, self._call, self._has("has_call"))
        self.lazy_updates = LazyTable(threads, self._update, self._has("has_request"))
        self.lazy_open = LazyTable(threads, self._stack, self._has("is_inside"))
        self.lazy_periods = LazyTable(threads, self._period)
        self.lazy_update_lock = LazyTable(threads, self._times("update_lock"))
        self.lazy_mmu_lock = LazyTable(threads, self._times("mmu_lock"))
        self.tables, self.shadow = LazyTables(self._load), LazyShadow(self._load)
        self.sections = sections
        self.calls, self.updates = self.lazy_calls, self.lazy_updates
        sections.open, sections.periods = self.lazy_open, self.lazy_periods
        sections.update_lock = self.lazy_update_lock
        sections.mmu_lock = self.lazy_mmu_lock

    def __getattr__(self, name: str) -> object:
        """Called for what is not restored."""
        if name not in IN_FACTS:
            raise AttributeError(name)
        value = self._load(name)
        setattr(self, name, value)
        return value

    def read(self, cell: int) -> object:
        """What is in a cell."""
        if cell not in self.reads:
            self.reads.append(cell)
        return self._stock.value(cell, self.cells[cell])

    def moved(self) -> frozenset[Mark]:
        """What has to be numbered again."""
        before, self._before = self._before, {}
        layout, tables, shadow = self.layout, self.tables, self.shadow
        if is_restored(tables, "versions"):
            self._mark(layout.of("versions"), of_versions(tables.versions))
        if is_restored(tables, "replaced"):
            self._mark(layout.of("replaced"), of_replaced(tables.replaced))
        if is_restored(shadow, "sptes"):
            self._mark(layout.of("sptes"), of_sptes(shadow.sptes))
        if is_restored(shadow, "serial"):
            self._mark(layout.of("serial"), of_serial(shadow.serial))
        for thread, update in self.updates_now().items():
            self._mark(layout.of_thread("update", thread), of_update(update))
        for thread, period in self.lazy_periods.known.items():
            self._mark(layout.of_thread("periods", thread), of_period(period))
        marks = self._before.items()
        # The update of a call that has only begun was not there before.
        return frozenset(at[1] for at, now in marks if before.get(at, NO_STEPS) != now)

    def updates_now(self) -> dict[int, Update | None]:
        """For each thread of which it was read or changed the update of its call."""
        updates = dict(self.requests)
        for thread, known in self.lazy_calls.known.items():
            update = None if known is None else known.update
            # Who had no call had no update.
            if thread in updates or update is not None:
                updates[thread] = update
        return updates

    def who_waits_for(self, section: Section) -> frozenset[int]:
        """The threads whose grace periods wait for the section."""
        known = self.lazy_periods.known.items()
        now = {n for n, p in known if p and any(section is s for s in p.waits_for)}
        before = self._waiting.get(id(section), frozenset())
        return frozenset(now | (before - self.lazy_periods.known.keys()))

    def _mark(self, cell: int, marks: Marks) -> None:
        for mark, value in marks:
            self._before[cell, mark] = value

    def _load(self, name: str) -> object:
        cell = self.layout.of(name)
        value = restore(self.read(cell))
        match name:
            case "versions":
                self._mark(cell, of_versions(cast("list[SlotTable]", value)))
            case "replaced":
                self._mark(cell, of_replaced(cast("dict[int, int]", value)))
            case "sptes":
                self._mark(cell, of_sptes(cast("dict[Place, Spte]", value)))
            case "serial":
                self._mark(cell, of_serial(cast("int", value)))
            case _:
                pass
        return value

    def _has(self, name: str) -> Callable[[int], bool]:
        def has(thread: int) -> bool:
            return bool(self.read(self.layout.of_thread(name, thread)))

        return has

    def _times(self, lock: str) -> Callable[[int], int | None]:
        def times(thread: int) -> int | None:
            return cast("int | None", self.read(self.layout.of_thread(lock, thread)))

        return times

    def _call(self, thread: int) -> CallFacts | None:
        kept = self.read(self.layout.of_thread("calls", thread))
        known = cast("CallFacts | None", restore(kept))
        if known is not None:
            known.update = self._request(thread)
        return known

    def _request(self, thread: int) -> Update | None:
        """The update of the call that was open at first."""
        if thread not in self.requests:
            cell = self.layout.of_thread("update", thread)
            update = cast("Update | None", restore(self.read(cell)))
            self._mark(cell, of_update(update))
            self.requests[thread] = update
        return self.requests[thread]

    def _update(self, thread: int) -> Update | None:
        if not self.read(self.layout.of_thread("has_request", thread)):
            return None
        return self._request(thread)

    def _stack(self, thread: int) -> list[Section] | None:
        kept = self.read(self.layout.of_thread("open", thread))
        if kept is None:
            self._stacks[thread] = ()
            return None
        sections, waiting = cast("Stack", kept)
        stack = cast("list[Section]", restore(sections))
        self._stacks[thread] = tuple(stack)
        # They are in `_stacks`, so no other section can come to have their id.
        self._waiting.update(zip(map(id, stack), waiting, strict=True))
        return stack

    def _period(self, thread: int) -> GracePeriod | None:
        cell = self.layout.of_thread("periods", thread)
        kept = cast("Period | None", self.read(cell))
        period = None
        if kept is not None:
            waits_for = self._waited_for_by(thread)
            if kept.waited and not waits_for:
                # They all left: one that is nowhere stands for them.
                waits_for = (Section(thread, 0, [], set()),)
            period = GracePeriod(thread, kept.begun, kept.version, waits_for)
        self._mark(cell, of_period(period))
        return period

    def _waited_for_by(self, updater: int) -> tuple[Section, ...]:
        for thread in range(self.layout.threads):
            if thread not in self._stacks:
                self.lazy_open.get(thread)
        return tuple(
            section
            for _, stack in sorted(self._stacks.items())
            for section in stack
            if updater in self._waiting[id(section)]
        )
