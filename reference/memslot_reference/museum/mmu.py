"""Mutants that map frames wrongly, or misname the slots of a shadow page."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_reference.kvm import Kvm
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_reference.shadow import PageKey, ShadowPage, Spte
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Reply


class BitOnlyOnCreate(Kvm):
    """A fault sets no bitmap bit when the shadow page already exists."""

    existed = False

    def get_page(self, key: PageKey) -> ShadowPage:
        """Note whether the page is there already; the MMU lock is held."""
        self.existed = key in self.pages
        return super().get_page(key)

    def page_header_update_slot(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, gfn: int
    ) -> None:
        """Leave the header of an older page as it is."""
        if not self.existed:
            super().page_header_update_slot(table, slot, page, gfn)


Fault = tuple[int, bool, bool, int, int]


@dataclass(frozen=True, slots=True)
class FirstSection:
    """What a fault found in its first section, and the notifier count then."""

    seq: int
    table: Memslots
    slot: MemorySlot
    spte: Spte


class LateBit(Kvm):
    """A fault sleeps for its page, then marks the slot that is there by now.

    It translates the frame in one read section and maps it in the next. Between
    the two the slot can be deleted and another one be made in its place: then
    the page is the first slot's, and the bit and the reverse map the second's.

    A second look at the table *in the same section* does no harm. The section
    spans at most two adjacent tables. In the first the slot is valid, or it
    would not have been mapped; so in the second it is there still, as it was or
    INVALID, and its id is the same: a table without it, or with another slot
    over its frames, is two publications away at the least. (That takes slots
    that are disjoint and a move in two steps: the patch has neither, S19 and S9,
    so its second look is S6.) That form is therefore not in the museum; the tests
    search it for a difference and find none.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.translated: dict[Fault, FirstSection] = {}

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Translate and ask to be called once more; the second time, map."""
        fault = (gfn, write, direct, root, as_id)
        found = self.translated.pop(fault, None)
        if found is not None:
            return self.map_late(found, gfn, direct=direct, root=root)
        seq = self.mmu_notifier_seq
        table = self.load_table()
        slot = self.search_memslots(table, gfn)
        if slot is None or not self.may_map(slot) or (write and slot.readonly):
            return super().page_fault(gfn, write=write, direct=direct, root=root)
        level = self.mapping_level(slot, gfn, direct=direct)
        spte = self.translate(slot, gfn, level, write=write)
        self.translated[fault] = FirstSection(seq, table, slot, spte)
        return None

    def map_late(
        self, found: FirstSection, gfn: int, *, direct: bool, root: int
    ) -> Reply | None:
        """Map what was translated, unless the host has taken the page since."""
        self.lock_mmu()
        current = not self.notifier_came(found.seq)
        current = current and not self.is_being_taken(found.spte, gfn)
        if current:
            self.map(found.table, found.slot, found.spte, direct=direct, root=root)
        self.unlock_mmu()
        return self.reached(found.spte, gfn) if current else None

    def page_header_update_slot(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, gfn: int
    ) -> None:
        """Take the id of the slot that covers the frame now."""
        del table, slot
        now = self.load_table()
        found = self.search_memslots(now, gfn)
        if found is not None:
            super().page_header_update_slot(now, found, page, gfn)

    def rmap_add(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, index: int
    ) -> None:
        """List the spte in that slot."""
        del table, slot
        now = self.load_table()
        found = self.search_memslots(now, page.sptes[index].gfn)
        if found is not None:
            super().rmap_add(now, found, page, index)


class RoomForUsersOnly(Kvm):
    """A slot bitmap has no room for private ids."""

    def slot_bitmap_capacity(self) -> int:
        """Count the slots of userspace."""
        return self.limits.user_slots


class InheritsBitmap(Kvm):
    """A new shadow page begins with the slot bits of the page made before it."""

    last: ShadowPage | None = None

    def new_page(self, key: PageKey) -> ShadowPage:
        """Take memory that is not cleared."""
        page = super().new_page(key)
        if self.last is not None:
            page.slot_bitmap |= self.last.slot_bitmap
        self.last = page
        return page


class GrantsAnyRoot(Kvm):
    """A shadow root is made for any frame."""

    def check_root(self, table: Memslots, gfn: int) -> bool:
        """Look, and do not mind."""
        super().check_root(table, gfn)
        return True


class TranslatesFromFrameZero(Kvm):
    """A fault maps the page at the slot's host address plus the frame's own."""

    def translate(self, slot: MemorySlot, gfn: int, level: int, *, write: bool) -> Spte:
        """Leave the base in."""
        spte = super().translate(slot, gfn, level, write=write)
        spte.hva += slot.base_gfn * PAGE_SIZE
        return spte


class KeepsItsRoot(LinuxKvm):
    """A fault maps in a shadow page that was zapped since the fault began.

    A flush zaps every root. It has waited for the faults that began before the
    slot was INVALID; one of another slot that began since goes on in its root.
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.loaded: dict[PageKey, ShadowPage] = {}

    def page_fault(
        self, gfn: int, *, write: bool, direct: bool, root: int, as_id: int = 0
    ) -> Reply | None:
        """Begin in the roots that the vCPU has loaded."""
        self.loaded = dict(self.pages)
        return super().page_fault(
            gfn, write=write, direct=direct, root=root, as_id=as_id
        )

    def get_page(self, key: PageKey) -> ShadowPage:
        """Do not ask whether it was zapped."""
        page = self.loaded.get(key)
        return super().get_page(key) if page is None else page

    def flush_shadow(self, slot: MemorySlot) -> None:
        """`kvm_mmu_zap_all_fast`."""
        del slot
        self.flush_all()


class CountsTooLate(Kvm):
    """The count of invalidations is read after the host's page was looked up."""

    def notifier_came(self, seq: int) -> bool:
        """Compare the count with itself: it was read a moment ago."""
        del seq
        return super().notifier_came(self.mmu_notifier_seq)


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K50",
        CountsTooLate,
        "HVA-8",
        source="commits 58cd407ca4c6, 93984f19e7bc, of a cache; here in the fault",
        tag="[T]",
    ),
    exhibit(
        "bit-only-on-create",
        BitOnlyOnCreate,
        "MMU-2",
        source="the patch: page_header_update_slot() in every mmu_set_spte()",
        since="never",
        tag="[D]",
    ),
    exhibit(
        "late-bit",
        LateBit,
        "MMU-2",
        "RMAP-1",
        "DEL-5",
        "DEL-6",
        "MMU-1",
        source="S6: memslot_id() loads the table independently of the lookup",
        since="never",
        tag="[D]",
    ),
    exhibit(
        "keeps-its-root",
        KeepsItsRoot,
        "MMU-12",
        source="commit a955cad84cda",
        since="until a955cad84cda",
        tag="[T]",
        profile=LINUX,
    ),
    planted("bitmap-too-small", RoomForUsersOnly, "MMU-3"),
    planted("bitmap-not-empty", InheritsBitmap, "MMU-4"),
    planted("root-unchecked", GrantsAnyRoot, "MMU-5"),
    planted(
        "translates-from-zero", TranslatesFromFrameZero, "MMU-20", "MMU-1", "SRCU-1"
    ),
)
