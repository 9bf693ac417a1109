"""Folded facts in cells: each a part that is read and changed by itself.

A cell holds the number of a value in the `Stock`, so facts are a tuple of small
numbers, equal ones are the same tuple, and what an event reads of them is a few of
these numbers. What clauses ask about one thread is in cells of that thread.
"""

from __future__ import annotations

from dataclasses import fields

from memslot_spec.facts.mmu import Shadow
from memslot_spec.facts.tables import Tables

Cells = tuple[int, ...]
"""Facts as a value: for each cell the number of what is in it."""

Changes = tuple[tuple[int, int], ...]
"""Cells, each with the number of what is in it now."""

IN_FACTS = (
    "floor",
    "settled",
    "last_update",
    "updates_called",
    "vm_destroyed",
)
"""The facts that are kept in a cell each. `step` and `updates` have other rules."""

IN_TABLES = tuple(field.name for field in fields(Tables))
"""Of the facts about tables each is in a cell of its own."""

IN_SHADOW = tuple(field.name for field in fields(Shadow))
"""So is each of the facts about shadow state."""

IN_SECTIONS = ("grace_floor", "update_holder", "mmu_holder", "destroyed")
"""Of the facts about sections those in a cell of their own for all threads."""

PER_THREAD = (
    "calls",
    "update",
    "open",
    "periods",
    "update_lock",
    "mmu_lock",
    "has_call",
    "has_request",
    "is_inside",
)
"""What has a cell for each thread. The last three say that there is something."""

OF_ALL = "*"
"""After the name of what has a cell for each thread: the cells of all of them."""

_NAMED = (*IN_FACTS, *IN_TABLES, *IN_SHADOW, *IN_SECTIONS)


def changed(cells: Cells, changes: Changes) -> Cells:
    """The facts after these changes."""
    after = list(cells)
    for cell, number in changes:
        after[cell] = number
    return tuple(after)


class Layout:
    """Which cell is which, for threads that count from 0."""

    def __init__(self, threads: int) -> None:
        self.threads = threads
        self.names = (
            *_NAMED,
            *(f"{name} {n}" for n in range(threads) for name in PER_THREAD),
        )
        self._places = {name: place for place, name in enumerate(self.names)}

    def of(self, name: str) -> int:
        """The cell of this name. Errors: `KeyError` where there is none."""
        return self._places[name]

    def of_thread(self, name: str, thread: int) -> int:
        """The thread's cell. Errors: `ValueError` for a thread that has none."""
        if not 0 <= thread < self.threads:
            message = f"thread {thread} has no cells"
            raise ValueError(message)
        return len(_NAMED) + thread * len(PER_THREAD) + PER_THREAD.index(name)

    def cells(self, name: str, thread: int) -> tuple[int, ...]:
        """The cell of this name, the thread's where each has one; `*` for all."""
        if name in self._places:
            return (self._places[name],)
        each = name.removesuffix(OF_ALL)
        threads = range(self.threads) if each != name else (thread,)
        return tuple(self.of_thread(each, n) for n in threads)


class Stock:
    """All values that were ever in a cell, each once."""

    def __init__(self, cells: int) -> None:
        self._values: list[list[object]] = [[] for _ in range(cells)]
        self._numbers: list[dict[object, int]] = [{} for _ in range(cells)]

    def number(self, cell: int, value: object) -> int:
        """The number under which the value is in the cell."""
        numbers = self._numbers[cell]
        number = numbers.setdefault(value, len(numbers))
        if number == len(self._values[cell]):
            self._values[cell].append(value)
        return number

    def value(self, cell: int, number: int) -> object:
        """What is in the cell under this number."""
        return self._values[cell][number]
