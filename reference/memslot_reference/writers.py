"""A request on its way: one at a time, checked, made into a slot, committed.

How the slot then gets into the table that readers load is left to the two
families: one copies the table, the other edits a second set and swaps. After
`__kvm_set_memory_region`, `kvm_arch_prepare_memory_region` and
`kvm_arch_commit_memory_region`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace

from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.metadata import SlotMetadata
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import UpdateLocked, UpdateUnlocked
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import Errno, Failure, MemoryRegion


class SlotWriters(SlotMetadata, ABC):
    """The writers; `slots_lock` keeps them apart."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that nobody updates."""
        super().__init__(hook, profile, limits)
        self.slots_lock = False

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
        table = self.load_table(as_id_of(region.slot))
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
            new.rmaps, new.metadata = old.rmaps, old.metadata
        if old is not None and new.log_dirty:
            new.dirty_bitmap = old.dirty_bitmap
        return new

    def moves(self, old: MemorySlot, new: MemorySlot) -> bool:
        """The slot moves from its frames to others."""
        return old.base_gfn != new.base_gfn

    @abstractmethod
    def change_slot(
        self,
        table: Memslots,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Put the new slot in the place of the old one; either may be absent."""

    def prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`kvm_prepare_memory_region`: the bitmap, then what the machine says.

        Today the machine knows the largest frame.
        """
        self.prepare_bitmap(new)
        errno = self.arch_prepare(old, new, failure)
        if errno is not None:
            self.abandon(old, new)
        return errno

    def abandon(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free what was made for a request that failed, and nothing else."""
        self.drop_new_bitmap(old, new)
        self.drop_new_metadata(old, new)

    def arch_prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`kvm_arch_prepare_memory_region`."""
        if new is not None and (old is None or self.moves(old, new)):
            last = new.base_gfn + new.npages - 1
            if self.promises.strict_flags and last > self.limits.largest_gfn:
                return Errno.EINVAL
        self.prepare_metadata(new)
        return Errno.ENOMEM if failure is Failure.PREPARE else None

    def prepare_bitmap(self, new: MemorySlot | None) -> None:
        """Give a slot that logs a bitmap, unless it has the one of before."""
        if new is not None and new.log_dirty and new.dirty_bitmap is None:
            new.dirty_bitmap = self.new_bitmap(new, all_set=self.begins_all_set())

    def drop_new_bitmap(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free the bitmap of a request that failed; one it inherited stays."""
        bitmap = None if new is None else new.dirty_bitmap
        if bitmap is not None and (old is None or bitmap is not old.dirty_bitmap):
            self.free_bitmap(bitmap)

    def drop_old_bitmap(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free the bitmap that no slot has any more; its bits are lost."""
        bitmap = None if old is None else old.dirty_bitmap
        if bitmap is not None and (new is None or bitmap is not new.dirty_bitmap):
            self.free_bitmap(bitmap)

    def commit(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """`kvm_commit_memory_region`, which cannot fail; readers are gone."""
        self.start_logging(old, new)
        self.drop_old_bitmap(old, new)
        self.drop_old_metadata(old, new)

    def start_logging(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """What was mapped before logging began must not stay writable, or large.

        Where every page began dirty that can wait until its bit is cleared.
        """
        if old is None or new is None or old.log_dirty or not new.log_dirty:
            return
        if self.began_all_set(new):
            return
        self.protect_slot(new)

    def protect_slot(self, slot: MemorySlot) -> None:
        """Leave nothing of a live slot writable, or large, whose logging begins.

        The patch write-protects in `kvm_arch_commit_memory_region`, then flushes.
        """
        self.slot_remove_write_access(slot.id)
        self.flush_shadow(slot)

    def began_all_set(self, new: MemorySlot) -> bool:
        """Whether the log of a slot began with every page dirty.

        The bitmap knows. The option for it may be another one by now: it is set
        without a lock.
        """
        return new.dirty_bitmap is not None and new.dirty_bitmap.fill
