"""`KVM_GET_DIRTY_LOG` of v2.6.34, in the order of commit edde99ce0529.

The bitmap is swapped for an empty one by publishing a table. A fault that still
marks the old bitmap is in a read section, so it is over after the grace period;
the write protection comes then. As published it came before the swap, and a page
that was mapped writable in between was never marked again.
"""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.updates import SlotUpdates
from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.model.replies import DirtyLog, Refused, Reply
from memslot_spec.model.values import Errno


class DirtySwap(SlotUpdates):
    """The dirty log of a VM that copies its table."""

    def get_dirty_log(self, slot: int) -> Reply:
        """`kvm_vm_ioctl_get_dirty_log`."""
        if not self.names_slot(slot, private=False):
            return Refused(Errno.EINVAL)
        self.lock_slots()
        reply = self.dirty_log(slot)
        self.unlock_slots()
        return reply

    def dirty_log(self, word: int) -> Reply:
        """The bitmap of a slot, which begins anew; where it is clean it stays."""
        table = self.load_table(as_id_of(word))
        self.read(table, "slots")
        slot = table.slots.get(word)
        if slot is None or slot.dirty_bitmap is None:
            return Refused(Errno.ENOENT)
        bitmap = slot.dirty_bitmap
        if bitmap.is_clean():
            return DirtyLog(bitmap.words())
        self.swap_bitmap(table, slot)
        words = bitmap.words()
        self.free_bitmap(bitmap)
        return DirtyLog(words)

    def swap_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Give a slot an empty bitmap, and see to it that writes mark that one."""
        self.publish_empty_bitmap(table, slot)
        self.slot_remove_write_access(slot.id)

    def publish_empty_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Publish a table in which nothing of the slot is dirty, and wait."""
        final = self.copy_of(table)
        empty = self.new_bitmap(slot, all_set=False)
        final.put(replace(slot, dirty_bitmap=empty))
        self.publish(final)
        self.srcu.synchronize()
        self.reclaim(table)
