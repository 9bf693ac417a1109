"""What there is while slots are updated: one value, never changed.

States are compared and hashed all the time, so they are named tuples. Tables
go by their version, counted from 0, which is the table that a VM is born with.
"""

from __future__ import annotations

from typing import NamedTuple

from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import EMPTY, SlotTable

ENTRIES_PER_PAGE = 512
"""Guest frames that one direct shadow page maps."""


class Spte(NamedTuple):
    """A guest frame that is mapped, and the host byte address behind it."""

    gfn: int
    hva: int

    @property
    def page(self) -> int:
        """The handle of the shadow page that it is in."""
        return self.gfn // ENTRIES_PER_PAGE

    @property
    def place(self) -> int:
        """Its place there."""
        return self.gfn % ENTRIES_PER_PAGE


class Thread(NamedTuple):
    """One thread: what it has to do, and where it is with the first of it.

    `at` counts the steps of the operation's program. `held` names the counter
    of its read section, None outside. `table` is the version it loaded last.
    `ahead` are the tables that an update has still to publish, `doomed` is the
    spte that is being removed, `again` the version loaded for that. A fault is
    `stale` when the host has taken pages away since it loaded its table.
    """

    todo: tuple[Operation, ...] = ()
    at: int = 0
    held: int | None = None
    table: int | None = None
    ahead: tuple[SlotTable, ...] = ()
    reply: Reply | None = None
    doomed: Spte | None = None
    again: int | None = None
    stale: bool = False

    @property
    def is_done(self) -> bool:
        """Nothing is left to do."""
        return not self.todo

    @property
    def operation(self) -> Operation:
        """What it is doing, or does next."""
        return self.todo[0]


class State(NamedTuple):
    """Everything that threads share, and the threads.

    `active` is the counter that new sections raise. `tables` are all
    versions, the current one last; `reclaimed` are those whose memory is gone.
    The locks name the thread that holds them. `sptes` and `pages` are sorted.
    """

    threads: tuple[Thread, ...]
    active: int = 0
    counters: tuple[int, int] = (0, 0)
    tables: tuple[SlotTable, ...] = (EMPTY,)
    reclaimed: frozenset[int] = frozenset()
    update_lock: int | None = None
    mmu_lock: int | None = None
    sptes: tuple[Spte, ...] = ()
    pages: tuple[int, ...] = ()

    @property
    def newest(self) -> int:
        """The version that is current."""
        return len(self.tables) - 1

    @property
    def current(self) -> SlotTable:
        """The table that is current."""
        return self.tables[-1]

    @property
    def is_over(self) -> bool:
        """Every thread has done what it had to do."""
        return all(not thread.todo for thread in self.threads)

    @property
    def unfinished(self) -> tuple[int, ...]:
        """The threads that have something left to do."""
        return tuple(n for n, thread in enumerate(self.threads) if thread.todo)

    def spte_of(self, gfn: int) -> Spte | None:
        """What maps a frame."""
        return next((spte for spte in self.sptes if spte.gfn == gfn), None)

    def with_thread(self, me: int, thread: Thread) -> State:
        """The state with this thread in its place."""
        threads = self.threads
        return self._replace(threads=(*threads[:me], thread, *threads[me + 1 :]))

    def with_counter(self, index: int, change: int) -> State:
        """The state with a counter raised or lowered."""
        zero, one = self.counters
        if index == 0:
            return self._replace(counters=(zero + change, one))
        return self._replace(counters=(zero, one + change))
