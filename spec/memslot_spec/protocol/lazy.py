"""Facts made of cells, each restored when it is first read.

A judge works with them as with any facts. Afterwards they tell which cells it read,
and in which order, and so on what its answer rests. What nobody has read nobody can
have changed, so the cells that were read are all that has to be folded again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, MutableMapping
from typing import TypeVar, cast

from memslot_spec.facts.calls import CallFacts, Update
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Shadow
from memslot_spec.facts.srcu import Section, Sections
from memslot_spec.facts.tables import Tables
from memslot_spec.history.header import Header
from memslot_spec.protocol.cells import IN_FACTS, IN_SECTIONS, Cells, Layout, Stock
from memslot_spec.protocol.kept import restore
from memslot_spec.protocol.renumbering import (
    Mark,
    Marks,
    Waits,
    of_call,
    of_periods,
    of_shadow,
    of_stack,
    of_tables,
    period_of,
)

V = TypeVar("V")

FIRST_STEP = 1000
"""The step of the first event after facts were restored: above every folded step."""


class LazyTable(MutableMapping[int, V]):
    """What is known of each thread, restored thread by thread.

    `known` has what was read or changed, None where there is nothing; `changed` are
    the threads for which something was put in or taken out.
    """

    def __init__(
        self,
        threads: int,
        load: Callable[[int], V | None],
        has: Callable[[int], bool],
    ) -> None:
        self.known: dict[int, V | None] = {}
        self.changed: set[int] = set()
        self._threads = threads
        self._load = load
        self._has = has

    def _value(self, key: int) -> V | None:
        if key not in self.known:
            self.known[key] = self._load(key)
        return self.known[key]

    def __getitem__(self, key: int) -> V:
        value = self._value(key)
        if value is None:
            raise KeyError(key)
        return value

    def __setitem__(self, key: int, value: V) -> None:
        # Read first: what was there may have had a step or a serial.
        self._value(key)
        self.known[key] = value
        self.changed.add(key)

    def __delitem__(self, key: int) -> None:
        if self._value(key) is None:
            raise KeyError(key)
        self.known[key] = None
        self.changed.add(key)

    def __iter__(self) -> Iterator[int]:
        for key in range(self._threads):
            if key in self.known:
                if self.known[key] is not None:
                    yield key
            elif self._has(key):
                yield key

    def __len__(self) -> int:
        return sum(1 for _ in self)


class LazySections(Sections):
    """Facts about sections, of which each field is restored when it is first read."""

    def __init__(self, load: Callable[[str], object]) -> None:
        super().__init__()
        self._load = load
        for name in IN_SECTIONS:
            delattr(self, name)

    def __getattr__(self, name: str) -> object:
        if name not in IN_SECTIONS:
            raise AttributeError(name)
        value = self._load(name)
        setattr(self, name, value)
        return value


class LazyFacts(Facts):
    """Facts of these cells. `reads` are the cells read so far, in their order."""

    def __init__(
        self, header: Header, layout: Layout, stock: Stock, cells: Cells
    ) -> None:
        super().__init__(header)
        self.step = FIRST_STEP
        self.layout = layout
        self.stock = stock
        self.cells = cells
        self.reads: list[int] = []
        self._before: dict[tuple[int, Mark], object] = {}
        # As they were, whatever has become of their calls and threads since.
        self.stacks: dict[int, tuple[Section, ...]] = {}
        self.requests: dict[int, Update | None] = {}
        for name in IN_FACTS:
            delattr(self, name)
        self.lazy_calls = LazyTable(layout.threads, self._call, self._has("has call"))
        self.lazy_updates = LazyTable(
            layout.threads, self._update, self._has("has request")
        )
        self.lazy_open = LazyTable(layout.threads, self._stack, self._has("is inside"))
        self.calls = self.lazy_calls
        self.updates = self.lazy_updates
        self.sections = LazySections(self._of_sections)
        self.sections.open = self.lazy_open

    def __getattr__(self, name: str) -> object:
        if name not in IN_FACTS:
            raise AttributeError(name)
        cell = self.layout.of(name)
        value = restore(self.read(cell))
        if isinstance(value, Tables):
            self._mark(cell, of_tables(value))
        elif isinstance(value, Shadow):
            self._mark(cell, of_shadow(value))
        setattr(self, name, value)
        return value

    def read(self, cell: int) -> object:
        """What is in a cell."""
        if cell not in self.reads:
            self.reads.append(cell)
        return self.stock.value(cell, self.cells[cell])

    def moved(self) -> frozenset[Mark]:
        """What has to be numbered again, or looked at again."""
        before = self._before
        self._before = {}
        self._mark_again()
        return frozenset(
            mark for (cell, mark), now in self._before.items() if before[cell, mark] != now
        )

    def _mark_again(self) -> None:
        layout = self.layout
        if is_restored(self, "tables"):
            self._mark(layout.of("tables"), of_tables(self.tables))
        if is_restored(self, "shadow"):
            self._mark(layout.of("shadow"), of_shadow(self.shadow))
        if is_restored(self.sections, "periods"):
            self._mark(layout.of("periods"), of_periods(self.sections.periods))
        for thread, known in self.lazy_calls.known.items():
            self._mark(layout.of_thread("calls", thread), of_call(known))
        for thread, stack in self.lazy_open.known.items():
            self._mark(layout.of_thread("open", thread), of_stack(stack))

    def _mark(self, cell: int, marks: Marks) -> None:
        for mark, value in marks:
            self._before[cell, mark] = value

    def _has(self, name: str) -> Callable[[int], bool]:
        def has(thread: int) -> bool:
            return bool(self.read(self.layout.of_thread(name, thread)))

        return has

    def _call(self, thread: int) -> CallFacts | None:
        cell = self.layout.of_thread("calls", thread)
        known = cast("CallFacts | None", restore(self.read(cell)))
        self.requests[thread] = None if known is None else known.update
        self._mark(cell, of_call(known))
        return known

    def _update(self, thread: int) -> Update | None:
        if not self.read(self.layout.of_thread("has request", thread)):
            return None
        if thread not in self.requests:
            self.lazy_calls.get(thread)
        return self.requests[thread]

    def _stack(self, thread: int) -> list[Section] | None:
        cell = self.layout.of_thread("open", thread)
        stack = cast("list[Section] | None", restore(self.read(cell)))
        self._mark(cell, of_stack(stack))
        self.stacks[thread] = tuple(stack or ())
        return stack

    def _of_sections(self, name: str) -> object:
        cell = self.layout.of(name)
        value = self.read(cell)
        if name != "periods":
            return restore(value)
        periods = {
            waits.updater: period_of(waits, self._section)
            for waits in cast("tuple[Waits, ...]", value)
        }
        self._mark(cell, of_periods(periods))
        return periods

    def _section(self, thread: int, depth: int) -> Section:
        if thread not in self.stacks:
            self.lazy_open.get(thread)
        return self.stacks[thread][depth]



def is_restored(owner: object, name: str) -> bool:
    """The field was read or changed."""
    try:
        object.__getattribute__(owner, name)
    except AttributeError:
        return False
    return True


def restored(owner: object, name: str) -> object:
    """The field, read now if it was not before."""
    return getattr(owner, name)
