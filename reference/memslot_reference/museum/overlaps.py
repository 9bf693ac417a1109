"""Mutants that test for overlap wrongly, or at the wrong time."""

from __future__ import annotations

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.slot_word import as_id_of
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import LINUX, Limits, Profile
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Errno, Failure, MemoryRegion


class OverlapIsEinval(Kvm):
    """An overlap is refused with EINVAL."""

    def conflict(
        self, table: Memslots, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> Errno | None:
        """Refuse with one errno for everything."""
        errno = super().conflict(table, old, region, flags)
        return None if errno is None else Errno.EINVAL


class RefusesTouching(Kvm):
    """A range that only touches another slot counts as an overlap."""

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """Compare the ends with one `<` that is a `<=`."""
        return super().overlaps(table, region) or any(
            slot.word != region.slot
            and slot.as_id == as_id_of(region.slot)
            and region.npages > 0
            and region.base + region.npages == slot.base_gfn
            for slot in table.slots.values()
        )


class OverlapsItself(Kvm):
    """The overlap test meets the slot that is being changed."""

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """Leave no id out of the scan."""
        own = table.slots.get(region.slot)
        meets_own = (
            own is not None
            and region.base + region.npages > own.base_gfn
            and region.base < own.base_gfn + own.npages
        )
        return meets_own or super().overlaps(table, region)


class ScansUsersOnly(Kvm):
    """The overlap test leaves private slots out."""

    def is_scanned(self, slot: MemorySlot) -> bool:
        """Stop at the last id of userspace."""
        return slot.id < self.limits.user_slots


class DeletesAnywhere(Kvm):
    """A delete is not tested for overlap where it must be."""

    def is_tested_for_overlap(
        self, old: MemorySlot | None, region: MemoryRegion
    ) -> bool:
        """Leave deletes out."""
        return region.npages > 0 and super().is_tested_for_overlap(old, region)


class DeleteOverlaps(Kvm):
    """A delete is tested for overlap where it must not be."""

    def is_tested_for_overlap(
        self, old: MemorySlot | None, region: MemoryRegion
    ) -> bool:
        """Test it as v2.6.34 did."""
        return region.npages == 0 or super().is_tested_for_overlap(old, region)


class OverlapFirst(Kvm):
    """EEXIST wins over EINVAL."""

    def conflict(
        self, table: Memslots, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> Errno | None:
        """Scan before anything else is asked about the slot."""
        if self.is_tested_for_overlap(old, region) and self.overlaps(table, region):
            return Errno.EEXIST
        return super().conflict(table, old, region, flags)


class GuestLimitFirst(Kvm):
    """The refusal of a range above the largest guest frame wins over EEXIST."""

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Ask about the guest's limit with all the rest."""
        last = region.base + region.npages - 1
        return last <= self.limits.largest_gfn and super().is_well_formed(region)


class AcceptsOverlap(Kvm):
    """Slots may overlap."""

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """Never."""
        del table, region
        return False


class ScansBeforeTheLock(Kvm):
    """The overlap test is made before the request waits for the ones under way."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        super().__init__(hook, profile, limits)
        self.scanned: dict[MemoryRegion, bool] = {}

    def update(self, region: MemoryRegion, failure: Failure | None) -> Reply:
        """Look first, as a reader does."""
        section = self.srcu.read_lock()
        table = self.load_table(as_id_of(region.slot))
        self.read(table, "slots")
        self.scanned[region] = super().overlaps(table, region)
        self.srcu.read_unlock(section)
        return super().update(region, failure)

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """Remember what was seen."""
        del table
        return self.scanned[region]


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K29",
        ScansUsersOnly,
        "REQ-22",
        source='S19; "KVM: mmu: Fix overlap between public and private memslots"',
        since="v2.6.34-rc1, end unknown",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K67",
        DeleteOverlaps,
        "REQ-24",
        "REQ-28",
        source="S12; only CREATE and MOVE are tested today",
        since="v2.6.34-rc1, gone by f0161aad4725",
        tag="[D]",
        profile=LINUX,
    ),
    exhibit(
        "U10",
        AcceptsOverlap,
        "SLOT-6",
        "REQ-19",
        "REQ-23",
        "SLOT-8",
        source="hyperlight #1289",
        since="unknown",
        tag="[R]",
    ),
    planted("wrong-errno-overlap", OverlapIsEinval, "REQ-19", "REQ-23"),
    planted("refuses-touching", RefusesTouching, "REQ-20", "REQ-28"),
    planted("overlaps-itself", OverlapsItself, "REQ-21", "REQ-28", "SLOT-4", "MOVE-6"),
    planted("deletes-anywhere", DeletesAnywhere, "REQ-23"),
    planted("eexist-first", OverlapFirst, "REQ-25", "REQ-14", "REQ-15", profile=LINUX),
    planted("guest-limit-first", GuestLimitFirst, "REQ-26", "REQ-19", profile=LINUX),
    planted(
        "scans-before-the-lock",
        ScansBeforeTheLock,
        "REQ-29",
        "REQ-19",
        "SLOT-6",
        "SLOT-8",
    ),
)
