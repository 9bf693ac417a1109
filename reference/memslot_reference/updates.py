"""Updates of the slot table: copy it, change the copy, swap it in, wait.

A slot that goes, or moves, goes in two steps. The first table marks it INVALID,
which stops new mappings; after a grace period nobody maps it any more, and what
is mapped is flushed. The second table is without it. After
`__kvm_set_memory_region` of the seed, with the rollback of today's kernel.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.requests import SlotRequests
from memslot_spec.events import (
    TablePublished,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.hook import Hook
from memslot_spec.operations import Done, Refused, Reply
from memslot_spec.profile import Limits, Profile
from memslot_spec.slot_word import as_id_of, id_of
from memslot_spec.values import Errno, Failure, MemoryRegion


class SlotUpdates(SlotRequests):
    """The writers; `slots_lock` keeps them apart."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that nobody updates."""
        super().__init__(hook, profile, limits)
        self.slots_lock = False
        self.tables_made = 0

    def set_region(
        self, region: MemoryRegion, *, failure: Failure | None = None
    ) -> Reply:
        """`KVM_SET_USER_MEMORY_REGION`; the failure is met where it says."""
        if not self.names_slot(region.slot, private=False):
            return Refused(Errno.EINVAL)
        return self.update(region, failure)

    def set_private_region(self, region: MemoryRegion) -> Reply:
        """A request of the kernel's own, for one of the ids above the user's."""
        if not self.names_slot(region.slot, private=True):
            return Refused(Errno.EINVAL)
        return self.update(region, None)

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """`kvm_set_memory_region`: one request at a time."""
        self.lock_slots()
        errno = self.set_memory_region(region, failure)
        self.unlock_slots()
        return Done() if errno is None else Refused(errno)

    def slots_lock_is_free(self) -> bool:
        """Nobody updates the slots."""
        return not self.slots_lock

    def lock_slots(self) -> None:
        """`mutex_lock(&kvm->slots_lock)`, never inside a read section."""
        self.hook.wait(self.slots_lock_is_free, "slots_lock")
        self.slots_lock = True
        self.hook.point(UpdateLocked)

    def unlock_slots(self) -> None:
        """`mutex_unlock(&kvm->slots_lock)`."""
        self.slots_lock = False
        self.hook.point(UpdateUnlocked)

    def set_memory_region(
        self, region: MemoryRegion, failure: Failure | None
    ) -> Errno | None:
        """`__kvm_set_memory_region`: check the request and carry it out."""
        flags = self.accepted_flags(region.flags)
        if flags is None or not self.is_well_formed(region):
            return Errno.EINVAL
        table = self.load_table()
        self.read(table, "slots")
        found = table.slots.get(region.slot)
        old = None if found is None else replace(found)
        errno = self.conflict(table, old, region, flags)
        if errno is not None or self.is_no_op(old, region, flags):
            return errno
        if old is None and region.npages == 0:
            self.delete_absent(table)
            return None
        new = self.make_slot(old, region, flags)
        return self.change_slot(table, old, new, failure)

    def delete_absent(self, table: Memslots) -> None:
        """Where deleting nothing succeeds, nothing is done for it."""

    def make_slot(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> MemorySlot | None:
        """The slot as it is to be; None for a delete.

        Its reverse maps are the old ones, or, where it is to begin at another
        frame, new ones: their indices count from the base.
        """
        hva = self.host_address(old, region)
        if region.npages == 0 or hva is None:
            return None
        slot_id, as_id = id_of(region.slot), as_id_of(region.slot)
        new = MemorySlot(slot_id, region.base, region.npages, hva, flags, as_id)
        if old is not None and not self.moves(old, new):
            new.rmaps = old.rmaps
        return new

    def moves(self, old: MemorySlot, new: MemorySlot) -> bool:
        """The slot goes from its frames to others."""
        return old.base_gfn != new.base_gfn

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
        errno = self.prepare(old, new, failure) or self.allocate(failure)
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

    def prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`kvm_arch_prepare_memory_region`: today it knows the largest frame."""
        if new is not None and (old is None or self.moves(old, new)):
            last = new.base_gfn + new.npages - 1
            if self.promises.strict_flags and last > self.limits.largest_gfn:
                return Errno.EINVAL
        return Errno.ENOMEM if failure is Failure.PREPARE else None

    def allocate(self, failure: Failure | None) -> Errno | None:
        """`kzalloc` of the table that is to be published last."""
        return Errno.ENOMEM if failure is Failure.ALLOCATE else None

    def commit(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """`kvm_arch_commit_memory_region`, which cannot fail.

        Where logging begins, what was mapped before the flag was published must
        not stay writable, or large.
        """
        if old is None or new is None or old.log_dirty or not new.log_dirty:
            return
        self.slot_remove_write_access(new.id)
        self.flush_shadow(new)

    def copy_of(self, table: Memslots) -> Memslots:
        """A table to be changed, which nobody else can see yet."""
        self.read(table, "slots")
        self.tables_made += 1
        copy = table.copy(self.tables_made)
        self.hook.point(TableWritten, copy.handle)
        return copy

    def publish(self, table: Memslots) -> None:
        """`rcu_assign_pointer(kvm->memslots, table)`."""
        self.memslots = table
        self.hook.point(TablePublished, table.handle, table.to_spec())

    def reclaim(self, table: Memslots) -> None:
        """Free a table that no reader can have any more."""
        table.poison()
        self.hook.point(TableReclaimed, table.handle)
