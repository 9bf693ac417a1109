"""Updates of v2.6.34: copy the table, change the copy, swap it in, wait.

A slot is deleted or moved in two steps. The first table marks it INVALID,
which stops new mappings; after a grace period nobody maps it any more, and what
is mapped is flushed. The second table is without it. After
`__kvm_set_memory_region` of the patch, with the rollback of today's kernel.
"""

from __future__ import annotations

from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.vm import Vm
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import (
    TablePublished,
    TableWritten,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Errno, Failure


class SlotUpdates(Vm):
    """The writers that give readers a new copy of the table each time."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM whose tables are numbered from 1."""
        super().__init__(hook, profile, limits)
        self.tables_made = 0

    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Put the new slot in the place of the old one; either may be absent."""
        leaves = old is not None and (new is None or self.moves(old, new))
        if old is not None and leaves:
            table = self.invalidate(table, old)
        errno = self.prepare(old, new, failure)
        if errno is None:
            errno = self.allocate(failure)
            if errno is not None:
                self.abandon(old, new)
        if errno is not None:
            if old is not None and leaves:
                self.roll_back(table, old)
            return errno
        final = self.copy_of(table)
        if new is not None:
            final.put(new)
        elif old is not None:
            final.take_out(old.word)
        self.publish(final)
        self.srcu.synchronize()
        self.commit(old, new)
        self.reclaim(table)
        return None

    def invalidate(self, table: Memslots, old: MemorySlot) -> Memslots:
        """The first step: stop new mappings of a slot, then flush the others."""
        window = self.copy_of(table)
        window.put(old.with_flags(old.flags | INVALID))
        self.publish(window)
        self.srcu.synchronize()
        self.flush_shadow(old)
        self.reclaim(table)
        return window

    def roll_back(self, window: Memslots, old: MemorySlot) -> None:
        """Put the slot back as it was before the first step."""
        restored = self.copy_of(window)
        restored.put(old)
        self.publish(restored)
        self.srcu.synchronize()
        self.reclaim(window)

    def allocate(self, failure: Failure | None) -> Errno | None:
        """`kzalloc` of the table that is to be published last."""
        return Errno.ENOMEM if failure is Failure.ALLOCATE else None

    def copy_of(self, table: Memslots) -> Memslots:
        """A table to be changed, which nobody else can see yet."""
        self.read(table, "slots")
        self.tables_made += 1
        copy = table.copy(self.tables_made)
        self.hook.point(TableWritten, copy.handle)
        return copy

    def publish(self, table: Memslots) -> None:
        """`rcu_assign_pointer(kvm->memslots, table)`, with no host range open."""
        self.wait_for_invalidations()
        self.memslots = table
        self.hook.point(
            TablePublished,
            table.handle,
            table.to_spec(),
            attached=table.attached(),
        )

    def reclaim(self, table: Memslots) -> None:
        """Free a table that no reader can have any more."""
        self.give_back(table)
