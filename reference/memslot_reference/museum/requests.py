"""Mutants that take a request which they must refuse, or the reverse."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.profile import LINUX
from memslot_spec.ranges import PAGE_SIZE
from memslot_spec.slot_word import as_id_of, id_of
from memslot_spec.values import BIT_1, Errno, Failure, MemoryRegion


class UserSetsInvalid(Kvm):
    """A flag bit of the request makes the slot INVALID."""

    def accepted_flags(self, flags: int) -> int | None:
        """Store every bit, and take bit 1 for one's own."""
        return flags | INVALID if flags & BIT_1 else flags & ~INVALID


class AcceptsMisaligned(Kvm):
    """A size or guest address that is not page aligned is accepted."""

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Round both down."""
        return super().is_well_formed(
            replace(
                region,
                memory_size=region.memory_size & -PAGE_SIZE,
                guest_phys_addr=region.guest_phys_addr & -PAGE_SIZE,
            )
        )


class AcceptsMisalignedHva(Kvm):
    """A host address that is not page aligned is accepted."""

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Round it down."""
        rounded = region.userspace_addr & -PAGE_SIZE
        return super().is_well_formed(replace(region, userspace_addr=rounded))


class AcceptsAnyHva(Kvm):
    """A host range that is not the user's is accepted."""

    def is_users_hva(self, region: MemoryRegion) -> bool:
        """Ask nothing."""
        del region
        return True


class AcceptsWrap(Kvm):
    """A guest range that wraps 2^64 is accepted."""

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Look at where the range begins in its page, and not where it ends."""
        offset = region.guest_phys_addr % PAGE_SIZE
        return super().is_well_formed(replace(region, guest_phys_addr=offset))


class AcceptsPrivateId(Kvm):
    """A request of userspace may name a private slot."""

    def names_slot(self, word: int, *, private: bool) -> bool:
        """Let every id there is pass."""
        return super().names_slot(word, private=private) or super().names_slot(
            word, private=True
        )


class AcceptsAnyAddressSpace(Kvm):
    """An address space at or above the count is accepted."""

    def names_slot(self, word: int, *, private: bool) -> bool:
        """Look at the id only."""
        return super().names_slot(id_of(word), private=private)


class AcceptsUnknownFlag(Kvm):
    """An unknown flag bit is ignored, not refused."""

    def accepted_flags(self, flags: int) -> int | None:
        """Mask it off."""
        return flags & self.promises.known_flags


class AcceptsTooManyPages(Kvm):
    """A slot of more than 2^31-1 pages is accepted."""

    def has_room(self, npages: int) -> bool:
        """Set no limit."""
        del npages
        return True


class DeletesAbsent(Kvm):
    """Deleting an absent slot succeeds where it must fail."""

    def conflict(
        self, table: Memslots, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> Errno | None:
        """Find nothing wrong with it."""
        if old is None and region.npages == 0:
            return None
        return super().conflict(table, old, region, flags)


class RefusesAbsent(Kvm):
    """Deleting an absent slot fails where it must succeed."""

    def conflict(
        self, table: Memslots, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> Errno | None:
        """Do today what v2.6.34 did not."""
        if old is None and region.npages == 0:
            return Errno.EINVAL
        return super().conflict(table, old, region, flags)


class AcceptsResize(Kvm):
    """A live slot may change its size."""

    def keeps_its_shape(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """Compare everything but the size."""
        if old is not None and region.npages:
            region = replace(region, memory_size=old.npages * PAGE_SIZE)
        return super().keeps_its_shape(old, region, flags)


class AppliesNewHva(Kvm):
    """A live slot may change its host address."""

    def host_address(self, old: MemorySlot | None, region: MemoryRegion) -> int | None:
        """Apply what must be refused."""
        del old
        return region.userspace_addr


class IgnoresNewHva(Kvm):
    """A new host address for a live slot is accepted and ignored."""

    def host_address(self, old: MemorySlot | None, region: MemoryRegion) -> int | None:
        """Keep the address, and say that the request was done."""
        return region.userspace_addr if old is None else old.userspace_addr


class TogglesReadonly(Kvm):
    """A live slot may change READONLY."""

    def keeps_its_shape(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """Compare with the flag as it is."""
        flags &= ~BIT_1
        if old is not None:
            flags |= old.flags & BIT_1
        return super().keeps_its_shape(old, region, flags)


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


class AcceptsBeyondGuest(Kvm):
    """A range that ends above the largest guest frame is accepted."""

    def prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """Prepare without a look at the range."""
        del old, new
        return Errno.ENOMEM if failure is Failure.PREPARE else None


class RefusesFrameZero(Kvm):
    """A request for guest address 0 is refused."""

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Take the address for one that is missing."""
        if region.guest_phys_addr == 0 and region.npages:
            return False
        return super().is_well_formed(region)


class RefusesNoOp(Kvm):
    """A request equal to the slot is refused."""

    def conflict(
        self, table: Memslots, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> Errno | None:
        """Say that the slot exists."""
        if (
            old is not None
            and (old.base_gfn, old.npages) == (region.base, region.npages)
            and old.userspace_addr == region.userspace_addr
            and old.flags == flags
        ):
            return Errno.EEXIST
        return super().conflict(table, old, region, flags)


class PublishesNoOp(Kvm):
    """A request equal to the slot publishes a table."""

    def is_no_op(
        self, old: MemorySlot | None, region: MemoryRegion, flags: int
    ) -> bool:
        """Never."""
        del old, region, flags
        return False


class AcceptsOverlap(Kvm):
    """Slots may overlap."""

    def overlaps(self, table: Memslots, region: MemoryRegion) -> bool:
        """Never."""
        del table, region
        return False


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K10",
        UserSetsInvalid,
        "REQ-8",
        "REQ-9",
        "SLOT-8",
        "SLOT-9",
        source="S7; the bit became READONLY in 4d8b81abc47b",
        tag="[R]",
    ),
    planted("accepts-misaligned", AcceptsMisaligned, "REQ-1"),
    planted("accepts-misaligned-hva", AcceptsMisalignedHva, "REQ-2"),
    planted("accepts-bad-hva", AcceptsAnyHva, "REQ-3", profile=LINUX),
    planted("accepts-wrap", AcceptsWrap, "REQ-4"),
    planted("accepts-private-id", AcceptsPrivateId, "REQ-5"),
    planted(
        "accepts-any-address-space", AcceptsAnyAddressSpace, "REQ-6", profile=LINUX
    ),
    planted("accepts-unknown-flag", AcceptsUnknownFlag, "REQ-7", profile=LINUX),
    planted("accepts-too-many-pages", AcceptsTooManyPages, "REQ-10", profile=LINUX),
    planted("deletes-absent", DeletesAbsent, "REQ-11", profile=LINUX),
    planted("refuses-absent", RefusesAbsent, "REQ-12"),
    planted("accepts-resize", AcceptsResize, "REQ-14", "SLOT-8"),
    planted("applies-new-hva", AppliesNewHva, "REQ-15", profile=LINUX),
    planted("ignores-new-hva", IgnoresNewHva, "REQ-17", "REQ-18", "SLOT-8"),
    planted("toggles-readonly", TogglesReadonly, "REQ-16", profile=LINUX),
    planted("wrong-errno-overlap", OverlapIsEinval, "REQ-19", "REQ-23"),
    planted("refuses-touching", RefusesTouching, "REQ-20", "REQ-28"),
    planted("overlaps-itself", OverlapsItself, "REQ-21", "REQ-28", "SLOT-4"),
    planted("ignores-private-overlap", ScansUsersOnly, "REQ-22", profile=LINUX),
    planted("deletes-anywhere", DeletesAnywhere, "REQ-23"),
    planted("delete-overlaps", DeleteOverlaps, "REQ-24", "REQ-28", profile=LINUX),
    planted("eexist-first", OverlapFirst, "REQ-25", "REQ-14", "REQ-15", profile=LINUX),
    planted("guest-limit-first", GuestLimitFirst, "REQ-26", "REQ-19", profile=LINUX),
    planted("accepts-beyond-guest", AcceptsBeyondGuest, "REQ-27", profile=LINUX),
    planted("refuses-frame-zero", RefusesFrameZero, "REQ-28", "REQ-19"),
    planted("refuses-no-op", RefusesNoOp, "SLOT-4", "REQ-21", "REQ-28"),
    planted("publishes-no-op", PublishesNoOp, "SLOT-5", profile=LINUX),
    planted("accepts-overlap", AcceptsOverlap, "SLOT-6", "REQ-19", "REQ-23", "SLOT-8"),
)
