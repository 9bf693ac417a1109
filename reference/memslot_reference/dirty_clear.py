"""The dirty log of today's kernel: GET, CLEAR, and the option between the two.

A bitmap stays with its slot; bits are taken out of it under `mmu_lock`, in which
the pages are protected as well. With the option of manual protection GET only
shows the bitmap, and CLEAR does the rest for the pages that it is given.
"""

from __future__ import annotations

from collections.abc import Iterable

from memslot_reference.memslots import MemorySlot
from memslot_reference.sets import SlotSets
from memslot_spec.arithmetic.bitmaps import may_clear, set_bits
from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.dirty import DirtyBitsCleared
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import DirtyLog, Done, Refused, Reply
from memslot_spec.model.values import Errno

MANUAL_PROTECT = 1 << 0
"""`KVM_DIRTY_LOG_MANUAL_PROTECT_ENABLE`."""

INITIALLY_SET = 1 << 1
"""`KVM_DIRTY_LOG_INITIALLY_SET`, which goes only with the other."""

ALIGNMENT = 64
"""Where a range to be cleared may begin: at a word of the bitmap."""


class DirtyClear(SlotSets):
    """The dirty log of a VM that keeps two sets of slots."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM whose GET clears what it shows."""
        super().__init__(hook, profile, limits)
        self.manual_protect: int = 0

    def begins_all_set(self) -> bool:
        """Whether a new log begins with every page dirty."""
        return bool(self.manual_protect & INITIALLY_SET)

    def enable_manual_protect(self, options: int) -> Reply:
        """`KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`; each time says what is on."""
        if not self.may_enable(options):
            return Refused(Errno.EINVAL)
        self.manual_protect = options
        return Done()

    def may_enable(self, options: int) -> bool:
        """The options are known, and none is asked for without the first."""
        return options in {0, MANUAL_PROTECT, MANUAL_PROTECT | INITIALLY_SET}

    def get_dirty_log(self, slot: int) -> Reply:
        """`kvm_get_dirty_log_protect`."""
        if not self.names_slot(slot, private=False):
            return Refused(Errno.EINVAL)
        self.lock_slots()
        found = self.logging_slot(slot)
        if found is None:
            reply: Reply = Refused(Errno.ENOENT)
        elif self.manual_protect:
            reply = self.show_log(found)
        else:
            reply = self.take_log(found)
        self.unlock_slots()
        return reply

    def logging_slot(self, word: int) -> MemorySlot | None:
        """The slot of this word, if it has a bitmap."""
        table = self.load_table(as_id_of(word))
        self.read(table, "slots")
        slot = table.slots.get(word)
        return None if slot is None or slot.dirty_bitmap is None else slot

    def show_log(self, slot: MemorySlot) -> Reply:
        """The bitmap as it is."""
        bitmap = slot.dirty_bitmap
        return DirtyLog(() if bitmap is None else bitmap.words())

    def take_log(self, slot: MemorySlot) -> Reply:
        """The bitmap as it is, its bits taken out and its pages protected."""
        bitmap = slot.dirty_bitmap
        if bitmap is None:
            return DirtyLog(())
        self.lock_mmu()
        words = bitmap.words()
        cleared = self.clear_and_protect(slot, bitmap.pages())
        self.unlock_and_flush(cleared)
        return DirtyLog(words)

    def unlock_and_flush(self, cleared: tuple[int, ...]) -> None:
        """Give `mmu_lock` back, then flush the TLBs if any page was protected.

        6.1 virt/kvm/kvm_main.c:2194 and 2312: the sptes are there still, so nobody who
        looks for them in between takes them for gone.
        """
        self.unlock_mmu()
        if cleared:
            self.flush_tlbs()

    def clear_and_protect(
        self, slot: MemorySlot, pages: Iterable[int]
    ) -> tuple[int, ...]:
        """Take those of the pages that are dirty out of the log, `mmu_lock` held."""
        bitmap = slot.dirty_bitmap
        if bitmap is None:
            return ()
        cleared = bitmap.dirty_among(pages)
        for page in cleared:
            bitmap.clear(page)
        if cleared:
            self.hook.point(DirtyBitsCleared, bitmap.handle, cleared)
        self.protect_pages(slot, cleared)
        return cleared

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Reply:
        """`kvm_clear_dirty_log_protect`."""
        if not self.names_slot(slot, private=False) or first_page % ALIGNMENT:
            return Refused(Errno.EINVAL)
        self.lock_slots()
        errno = self.clear_log(slot, first_page, num_pages, bitmap)
        self.unlock_slots()
        return Done() if errno is None else Refused(errno)

    def clear_log(
        self, word: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> Errno | None:
        """Clear the bits of the range that are given; None where it was done."""
        slot = self.logging_slot(word)
        if slot is None:
            return Errno.ENOENT
        if not self.takes_range(slot, first_page, num_pages):
            return Errno.EINVAL
        given = self.given_pages(slot, first_page, num_pages, bitmap)
        self.lock_mmu()
        cleared = self.clear_and_protect(slot, given)
        self.unlock_and_flush(cleared)
        return None

    def takes_range(self, slot: MemorySlot, first_page: int, num_pages: int) -> bool:
        """The range lies in the slot, in whole words or up to the slot's end."""
        return may_clear(first_page, num_pages, slot.npages)

    def given_pages(
        self,
        slot: MemorySlot,
        first_page: int,
        num_pages: int,
        bitmap: tuple[int, ...],
    ) -> tuple[int, ...]:
        """The pages of the slot whose bits are set; bits behind them are nobody's."""
        pages = (first_page + bit for bit in set_bits(bitmap) if bit < num_pages)
        return tuple(page for page in pages if page < slot.npages)
