"""Mutants that take sizes and addresses which mean nothing, or refuse good ones."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.kvm import Kvm
from memslot_reference.memslots import MemorySlot
from memslot_reference.museum.mutant import Mutant, exhibit, planted
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Errno, Failure, MemoryRegion

U32_MASK = (1 << 32) - 1
UNTAGGED = (1 << 56) - 1
"""The bits of a host address below its tag."""


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


class AcceptsTaggedHva(Kvm):
    """A host address with a tag in its top byte is accepted."""

    def is_users_hva(self, region: MemoryRegion) -> bool:
        """Take the tag off before asking, and leave it on in the slot."""
        untagged = region.userspace_addr & UNTAGGED
        return super().is_users_hva(replace(region, userspace_addr=untagged))


class ChecksSizeIn32Bits(Kvm):
    """The end of the host range is checked with the size cut to 32 bits."""

    def is_users_hva(self, region: MemoryRegion) -> bool:
        """Do as a machine does whose `unsigned long` has 32 bits."""
        cut = region.memory_size & U32_MASK
        return super().is_users_hva(replace(region, memory_size=cut))


class ReadsGarbageHva(Kvm):
    """The kernel's own request takes its host address from a field never filled.

    In the patch only the test for large pages read it, before the memory behind
    it was made. Here there is no such memory, and the slot keeps what was read.
    """

    garbage = 0xDEAD << 16

    def set_private_region(self, region: MemoryRegion) -> Reply:
        """Read what happens to lie there."""
        return super().set_private_region(replace(region, userspace_addr=self.garbage))


class AcceptsWrap(Kvm):
    """A guest range that wraps 2^64 is accepted."""

    def is_well_formed(self, region: MemoryRegion) -> bool:
        """Look at where the range begins in its page, and not where it ends."""
        offset = region.guest_phys_addr % PAGE_SIZE
        return super().is_well_formed(replace(region, guest_phys_addr=offset))


class AcceptsTooManyPages(Kvm):
    """A slot of more than 2^31-1 pages is accepted."""

    def has_room(self, npages: int) -> bool:
        """Set no limit."""
        del npages
        return True


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


MUTANTS: tuple[Mutant, ...] = (
    exhibit(
        "K21",
        AcceptsTooManyPages,
        "REQ-10",
        source="S15; 660c22c425c",
        since="v2.6.34, gone in v2.6.35",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K26",
        AcceptsAnyHva,
        "REQ-3",
        source="S18; CVE-2013-1943, fa3d315a4ce2",
        since="v2.6.34 to fa3d315a4ce2",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K27",
        AcceptsTaggedHva,
        "REQ-3",
        source="139bc8a6146d",
        since="until 139bc8a6146d",
        tag="[T]",
        profile=LINUX,
    ),
    exhibit(
        "K28",
        ChecksSizeIn32Bits,
        "REQ-3",
        source="6b285a558750",
        since="until 6b285a558750",
        tag="[R]",
        profile=LINUX,
    ),
    exhibit(
        "K66",
        ReadsGarbageHva,
        "SLOT-3",
        "SLOT-8",
        source="S14: KVM_SET_MEMORY_REGION",
        since="v2.6.34-rc1, until the ioctl was removed",
        tag="[D]",
    ),
    exhibit(
        "U11",
        AcceptsWrap,
        "REQ-4",
        source="tinykvm #98; kvms #4",
        since="unknown",
        tag="[R]",
    ),
    planted("accepts-misaligned", AcceptsMisaligned, "REQ-1"),
    planted("accepts-misaligned-hva", AcceptsMisalignedHva, "REQ-2"),
    planted("accepts-beyond-guest", AcceptsBeyondGuest, "REQ-27", profile=LINUX),
    planted("refuses-frame-zero", RefusesFrameZero, "REQ-28", "REQ-19"),
)
