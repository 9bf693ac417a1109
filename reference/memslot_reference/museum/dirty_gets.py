"""Mutants of GET: what it reports, what it is refused for, what it leaves behind."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_spec.model.replies import DirtyLog, Refused, Reply
from memslot_spec.model.values import Errno


class ProtectsBeforeSwap(Kvm):
    """GET write-protects before it swaps the bitmap, and not again."""

    def swap_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """A fault in between marks the old bitmap, and leaves the page writable."""
        self.slot_remove_write_access(slot.id)
        self.publish_empty_bitmap(table, slot)


class SwapsOnly(Kvm):
    """GET swaps the bitmap and protects nothing."""

    def swap_bitmap(self, table: Memslots, slot: MemorySlot) -> None:
        """Leave the writable sptes."""
        self.publish_empty_bitmap(table, slot)


class GetKeepsTheBits(Kvm):
    """GET shows the bitmap and leaves it as it is."""

    def dirty_log(self, word: int) -> Reply:
        """Copy, and forget to clear."""
        slot = self.memslots.slots.get(word)
        if slot is None or slot.dirty_bitmap is None:
            return Refused(Errno.ENOENT)
        return DirtyLog(slot.dirty_bitmap.words())


class SetsBitsPastTheEnd(Kvm):
    """The bits past the slot's last page are set."""

    def dirty_log(self, word: int) -> Reply:
        """Set the last bit of the last word, which few slots have a page for."""
        reply = super().dirty_log(word)
        if not isinstance(reply, DirtyLog) or not reply.bitmap:
            return reply
        return DirtyLog((*reply.bitmap[:-1], reply.bitmap[-1] | 1 << 63))


class ShowsWholeWordsOnly(Kvm):
    """The last pages of a slot are not shown where they fill no word."""

    def dirty_log(self, word: int) -> Reply:
        """Round the length down."""
        reply = super().dirty_log(word)
        slot = self.memslots.slots.get(word)
        if not isinstance(reply, DirtyLog) or slot is None:
            return reply
        return DirtyLog(reply.bitmap[: slot.npages // 64])


class GetOfNoIdIsAbsent(Kvm):
    """GET of an id that no slot can have is answered like one of an absent slot."""

    def get_dirty_log(self, slot: int) -> Reply:
        """Look the slot up, and do not look at the id."""
        if not self.names_slot(slot, private=False):
            return Refused(Errno.ENOENT)
        return super().get_dirty_log(slot)


class GetOfAbsentIsInvalid(Kvm):
    """GET of an absent slot gives EINVAL."""

    def dirty_log(self, word: int) -> Reply:
        """Take an absent slot for a bad id."""
        if word not in self.memslots.slots:
            return Refused(Errno.EINVAL)
        return super().dirty_log(word)


class GetOfNoLogIsClean(Kvm):
    """GET of a slot that does not log shows a clean log."""

    def dirty_log(self, word: int) -> Reply:
        """Copy zeros where there is no bitmap."""
        slot = self.memslots.slots.get(word)
        if slot is not None and slot.dirty_bitmap is None:
            return DirtyLog((0,) * ((slot.npages + 63) // 64))
        return super().dirty_log(word)
