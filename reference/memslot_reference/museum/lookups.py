"""Mutants whose readers answer wrongly: lookups, sizing, the TSS base."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.lookups import MIN_ALLOC_MMU_PAGES, PERMILLE_MMU_PAGES
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import FoundHostPage
from memslot_spec.model.values import Gfn, Hva, HvaError, Slot

U32_MASK = (1 << 32) - 1


class TornTssBase(Kvm):
    """The TSS base adds the size in one table to the base in another."""

    def rmode_tss_base(self) -> int:
        """Load a table and ignore it, then load one for each number."""
        self.load_table()
        base_gfn = self.read_base_gfn(self.load_table())
        npages = self.read_npages(self.load_table())
        return ((base_gfn + npages - 3) << PAGE_SHIFT) % U64


class HalfTornTssBase(Kvm):
    """The TSS base takes the base from the table loaded, the size from the next."""

    def rmode_tss_base(self) -> int:
        """Read the size through the pointer once more."""
        table = self.load_table()
        base_gfn = self.read_base_gfn(table)
        npages = self.read_npages(self.load_table())
        return ((base_gfn + npages - 3) << PAGE_SHIFT) % U64


class NamesTheLastSlot(Kvm):
    """The slot id of a frame in no slot is that of the last slot."""

    def find_memslot_id(self, gfn: int) -> int | None:
        """Fall off the end of the scan, and answer with where it ended."""
        table = self.load_table()
        slot = self.search_memslots(table, gfn)
        return table.nmemslots - 1 if slot is None else slot.id


class HidesInvalid(Kvm):
    """Lookups hide INVALID slots, also from the path that zaps their sptes."""

    def search_memslots(self, table: Memslots, gfn: int) -> MemorySlot | None:
        """Find valid slots only; `rmap_remove` comes through here as well."""
        slot = super().search_memslots(table, gfn)
        return None if slot is None or slot.invalid else slot


class FindsNearest(Kvm):
    """A lookup in a hole finds the slot below it."""

    def find_slot(self, gfn: int) -> Slot | None:
        """Take the nearest base, and do not look whether the slot gets there."""
        table = self.load_table()
        self.read(table, "slots")
        below = [s for s in table.slots.values() if not s.as_id and s.base_gfn <= gfn]
        return max(below, key=lambda s: s.base_gfn).to_spec() if below else None


class TranslatesInvalid(Kvm):
    """The host address of an INVALID slot's frame is still given out."""

    def find_hva(self, gfn: int) -> Hva | None:
        """Translate whatever slot covers the frame."""
        slot = self.search_memslots(self.load_table(), gfn)
        return None if slot is None or slot.readonly else Hva(slot.hva_of(gfn))


class PagesOfInvalid(Kvm):
    """The host page of an INVALID slot's frame is still given out."""

    def find_page(self, gfn: int, *, write: bool) -> FoundHostPage:
        """Take the slot that the caller has, and do not look at its flags."""
        del write
        slot = self.search_memslots(self.load_table(), gfn)
        if slot is None:
            return FoundHostPage(None, error=HvaError.BAD)
        return FoundHostPage(slot.hva_of(gfn), writable=True)


class TranslatesWithoutBase(Kvm):
    """The host address is the slot's plus the frame, the base not taken off."""

    def find_hva(self, gfn: int) -> Hva | None:
        """Offset by the frame number itself."""
        slot = self.search_memslots(self.load_table(), gfn)
        if slot is None or slot.invalid or slot.readonly:
            return None
        return Hva(slot.userspace_addr + gfn * PAGE_SIZE)


class TakesOffsetForFrame(Kvm):
    """The offset of a frame in its slot is used as if it were the frame."""

    def find_hva(self, gfn: int) -> Hva | None:
        """Translate the offset once more."""
        slot = self.search_memslots(self.load_table(), gfn)
        return None if slot is None else super().find_hva(gfn - slot.base_gfn)


class SeesPrivateSlots(Kvm):
    """A frame of a private slot is visible."""

    def sees_gfn(self, table: Memslots, gfn: int) -> bool:
        """Look through every id."""
        slot = self.search_memslots(table, gfn)
        return slot is not None and not slot.invalid


class AnswersPosition(Kvm):
    """The slot id is the slot's position among those present."""

    def find_memslot_id(self, gfn: int) -> int | None:
        """Count the slots before it."""
        table = self.load_table()
        self.read(table, "slots")
        for position, slot in enumerate(table.slots.values()):
            if slot.as_id == 0 and slot.covers(gfn):
                return position
        return None


class StopsWhileInvalid(Kvm):
    """Lookups find nothing in any slot while one of them is INVALID."""

    def find_slot(self, gfn: int) -> Slot | None:
        """Give up at an INVALID slot, wherever it is."""
        table = self.load_table()
        found = self.search_memslots(table, gfn)
        if any(slot.invalid for slot in table.slots.values()):
            return None
        return None if found is None else found.to_spec()


class RemembersAnswers(Kvm):
    """The slot once found for a frame is the answer ever after."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.remembered: dict[int, Slot | None] = {}

    def gfn_to_memslot(self, gfn: Gfn) -> Slot | None:
        """Ask the cache, which no update empties."""
        if gfn not in self.remembered:
            self.remembered[gfn] = super().gfn_to_memslot(gfn)
        return self.remembered[gfn]


class GivesUp(Kvm):
    """A lookup that has met two tables answers as if there were no slot."""

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Load the table, and look again whether it is still the one."""
        index = self.srcu.read_lock()
        table = self.load_table()
        slot = self.search_memslots(table, gfn)
        if self.load_table() is not table:
            slot = None
        self.srcu.read_unlock(index)
        if slot is None or slot.invalid or slot.readonly:
            return None
        return Hva(slot.hva_of(gfn))


class HalvesBudget(Kvm):
    """The page budget is half of what it should be."""

    def calculate_mmu_pages(self, table: Memslots) -> int:
        """Ten per thousand."""
        self.read(table, "slots")
        total = sum(slot.npages for slot in table.slots.values())
        return max(MIN_ALLOC_MMU_PAGES, total * PERMILLE_MMU_PAGES // 2000)


class MultipliesIn32Bits(Kvm):
    """The page budget is multiplied in 32 bits."""

    def calculate_mmu_pages(self, table: Memslots) -> int:
        """Lose what does not fit, as `unsigned int` does."""
        self.read(table, "slots")
        total = sum(slot.npages for slot in table.slots.values())
        permille = total * PERMILLE_MMU_PAGES & U32_MASK
        return max(MIN_ALLOC_MMU_PAGES, permille // 1000)


class TssOffByOne(Kvm):
    """The TSS lies two pages below the end of slot 0, not three."""

    def rmode_tss_base(self) -> int:
        """Read both numbers of one table, and count wrongly."""
        return (super().rmode_tss_base() + PAGE_SIZE) % U64


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K01",
        TornTssBase,
        "SRCU-1",
        "TSS-2",
        source="S1; repaired for the base alone by f495c6e5e8f",
        since="v2.6.34-rc1 to f495c6e5e8f",
        tag="[R]",
    ),
    exhibit(
        "K02",
        HalfTornTssBase,
        "SRCU-1",
        "TSS-2",
        source="f495c6e5e8f, which left the size torn",
        since="f495c6e5e8f, and still in v2.6.36",
        tag="[R]",
    ),
    exhibit(
        "K09",
        NamesTheLastSlot,
        "LOOK-7",
        source="S6; ended by e36d96f7cfa",
        since="v2.6.34-rc1 to e36d96f7cfa",
        tag="[D]",
    ),
    exhibit(
        "K22",
        MultipliesIn32Bits,
        "SIZE-2",
        "SIZE-1",
        source="S15; bc8a3d8925a8",
        since="v2.6.34 to bc8a3d8925a8",
        tag="[T]",
    ),
    exhibit(
        "S20",
        PagesOfInvalid,
        "LOOK-9",
        "SRCU-1",
        source="S20: gfn_to_pfn_memslot(); a check came with gfn_to_hva_many()",
        since="v2.6.34-rc1, gone by f0161aad4725",
        tag="[R]",
    ),
    exhibit(
        "U13",
        TakesOffsetForFrame,
        "LOOK-4",
        "SRCU-1",
        source="cloud-hypervisor #483",
        since="unknown",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "hides-invalid",
        HidesInvalid,
        "DEL-8",
        "LOOK-1",
        "LOOK-6",
        "SRCU-1",
        "SRCU-18",
        source='the patch: "but allows destruction"',
        since="never",
        tag="[D]",
    ),
    planted("finds-nearest", FindsNearest, "LOOK-2", "LOOK-11", "SRCU-1"),
    planted(
        "translates-without-base", TranslatesWithoutBase, "LOOK-4", "SRCU-1", "DEL-13"
    ),
    planted("translates-invalid", TranslatesInvalid, "LOOK-3", "SRCU-18", "SRCU-1"),
    planted("visible-private", SeesPrivateSlots, "LOOK-5", "MMU-5"),
    planted("answers-position", AnswersPosition, "LOOK-6"),
    planted(
        "stops-while-invalid",
        StopsWhileInvalid,
        "DEL-13",
        "LOOK-1",
        "SRCU-18",
        "SRCU-1",
    ),
    planted("remembers-answers", RemembersAnswers, "SRCU-18", "LOOK-1", "LOOK-2"),
    planted("gives-up", GivesUp, "SRCU-1"),
    planted("budget-half", HalvesBudget, "SIZE-1"),
    planted("tss-off-by-one", TssOffByOne, "TSS-1", "SRCU-1"),
)
