"""Mutants that take a request which they must refuse, or the reverse."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import INVALID, MemorySlot, Memslots
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.arithmetic.slot_word import id_of
from memslot_spec.model.profile import LINUX
from memslot_spec.model.values import BIT_1, Errno, MemoryRegion


class UserSetsInvalid(Kvm):
    """A flag bit of the request makes the slot INVALID."""

    def accepted_flags(self, flags: int) -> int | None:
        """Store every bit, and take bit 1 for one's own."""
        return flags | INVALID if flags & BIT_1 else flags & ~INVALID


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


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K10",
        UserSetsInvalid,
        "REQ-8",
        "REQ-9",
        "SLOT-8",
        "SLOT-9",
        source="S7; the bit became READONLY in 4d8b81abc47b",
        since="v2.6.34-rc1 to 4d8b81abc47b",
        tag="[R]",
    ),
    exhibit(
        "K14",
        IgnoresNewHva,
        "REQ-17",
        "REQ-18",
        "SLOT-8",
        source="S10; EINVAL today",
        since="v2.6.34-rc1, gone by f0161aad4725",
        tag="[D]",
    ),
    planted("accepts-private-id", AcceptsPrivateId, "REQ-5"),
    planted(
        "accepts-any-address-space", AcceptsAnyAddressSpace, "REQ-6", profile=LINUX
    ),
    planted("accepts-unknown-flag", AcceptsUnknownFlag, "REQ-7", profile=LINUX),
    planted("deletes-absent", DeletesAbsent, "REQ-11", profile=LINUX),
    planted("refuses-absent", RefusesAbsent, "REQ-12"),
    planted("accepts-resize", AcceptsResize, "REQ-14", "SLOT-8"),
    planted("applies-new-hva", AppliesNewHva, "REQ-15", profile=LINUX),
    planted("toggles-readonly", TogglesReadonly, "REQ-16", profile=LINUX),
    planted("refuses-no-op", RefusesNoOp, "SLOT-4", "REQ-21", "REQ-28"),
)
