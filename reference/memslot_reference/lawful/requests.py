"""Variants in what a request leaves, and in what a machine has memory for."""

from __future__ import annotations

from dataclasses import replace

from memslot_reference.hva_caches import HvaCache
from memslot_reference.kvm import Kvm
from memslot_reference.lawful.mappings import EmulatesPrivate
from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.lookups import (
    MEMSLOT_PAGES_TO_MMU_PAGES_RATIO,
    MIN_ALLOC_MMU_PAGES,
)
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.vm import Vm
from memslot_spec.arithmetic.byte_ranges import range_wraps
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import Errno, Failure, MemoryRegion

ENOUGH_PAGES = 16
"""The largest slot that there is memory for in a machine that has little of it."""


class KeepsDeletedBase(Kvm):
    """A deleted slot 0 lies where the request said that deleted it."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM whose slot 0 is at 0."""
        super().__init__(hook, profile, limits)
        self.bases: dict[int, int] = {}
        self.asked_base: int | None = None

    def set_memory_region(
        self, region: MemoryRegion, failure: Failure | None
    ) -> Errno | None:
        """`new.base_gfn = base_gfn`, whatever `npages` is."""
        deletes = region.slot == 0 and region.npages == 0
        self.asked_base = region.base if deletes else None
        return super().set_memory_region(region, failure)

    def copy_of(self, table: Memslots) -> Memslots:
        """Copy the absent slot too."""
        copy = super().copy_of(table)
        base = self.asked_base
        self.bases[copy.handle] = self.base_in(table) if base is None else base
        return copy

    def base_in(self, table: Memslots) -> int:
        """Where slot 0 lies in a table that has no pages of it."""
        return self.bases.get(table.handle, 0)

    def read_base_gfn(self, table: Memslots) -> int:
        """`slots->memslots[0].base_gfn`, of a deleted slot as of any other."""
        base = super().read_base_gfn(table)
        return base if 0 in table.slots else self.base_in(table)


class ComparesBytes(LinuxKvm):
    """A range to cache that wraps round to its own frame is refused."""

    def resolve(
        self, cached: HvaCache, table: Memslots, gpa: int, length: int
    ) -> Errno | None:
        """Look at the last byte, not at its frame."""
        if not range_wraps(gpa, length):
            return super().resolve(cached, table, gpa, length)
        self.read(table, "generation")
        cached.generation = (table.generation, table.in_progress)
        cached.hva = None
        return Errno.EINVAL


def lacks_memory(vm: Vm, old: MemorySlot | None, new: MemorySlot | None) -> bool:
    """The arrays or the bitmap of this request are more than there is memory for."""
    if new is None or new.npages <= ENOUGH_PAGES:
        return False
    is_logged_now = old is not None and new.log_dirty and not old.log_dirty
    return old is None or vm.moves(old, new) or is_logged_now


class ShortOfMemory(Kvm):
    """There is no memory for slots of more than a few pages."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Say so beforehand."""
        limits = replace(limits, enough_pages=ENOUGH_PAGES)
        super().__init__(hook, profile, limits)

    def arch_prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`vmalloc(npages * sizeof(*new.rmap))` returns nothing."""
        errno = super().arch_prepare(old, new, failure)
        return errno or (Errno.ENOMEM if lacks_memory(self, old, new) else None)


class ShortOfMemoryLinux(LinuxKvm):
    """There is no memory for slots of more than a few pages."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Say so beforehand."""
        limits = replace(limits, enough_pages=ENOUGH_PAGES)
        super().__init__(hook, profile, limits)

    def arch_prepare(
        self,
        old: MemorySlot | None,
        new: MemorySlot | None,
        failure: Failure | None,
    ) -> Errno | None:
        """`kvm_alloc_memslot_metadata`, which has its memory accounted."""
        errno = super().arch_prepare(old, new, failure)
        return errno or (Errno.ENOMEM if lacks_memory(self, old, new) else None)


class KeepsBudget(LinuxKvm):
    """The page budget is what the last CREATE or DELETE left, 0 before the first."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that has no pages to count."""
        super().__init__(hook, profile, limits)
        self.nr_memslot_pages = 0
        self.n_max_mmu_pages = 0

    def commit(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """`kvm_commit_memory_region`: count, and then `kvm_mmu_change_mmu_pages`."""
        if old is None or new is None:
            self.nr_memslot_pages += 0 if new is None else new.npages
            self.nr_memslot_pages -= 0 if old is None else old.npages
            budget = self.nr_memslot_pages // MEMSLOT_PAGES_TO_MMU_PAGES_RATIO
            used = len(self.pages)
            self.n_max_mmu_pages = max(budget, MIN_ALLOC_MMU_PAGES, used)
        super().commit(old, new)

    def mmu_pages(self) -> int:
        """`kvm->arch.n_max_mmu_pages`, with no table looked at."""
        return self.n_max_mmu_pages


class DoublesBudget(LinuxKvm):
    """The page budget is twice what it has to be."""

    def mmu_pages(self) -> int:
        """Keep more shadow pages, and zap fewer."""
        return 2 * super().mmu_pages()


class ScansUserSlots(EmulatesPrivate):
    """A user slot may lie over a private one, which no spte ever maps.

    v2.6.34 lets it, and maps private slots as well. Then the frame of a standing spte
    can come to be another slot's, in whose reverse maps it is not (RMAP-2).
    """

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Say that it may."""
        super().__init__(hook, profile, limits)
        self.domain = replace(self.domain, overlaps_private=True)

    def is_scanned(self, slot: MemorySlot) -> bool:
        """`for (i = 0; i < KVM_MEMORY_SLOTS; ++i)`: user slots alone."""
        return slot.id < self.limits.user_slots


VARIANTS: tuple[Variant, ...] = (
    variant(
        "scans-user-slots",
        ScansUserSlots,
        "LOOK-13",
        source="the patch, __kvm_set_memory_region: the overlap test ends at "
        "KVM_MEMORY_SLOTS",
        tag="[R]",
    ),
    variant(
        "keeps-deleted-base",
        KeepsDeletedBase,
        "TSS-1",
        "SRCU-1",
        source="the patch, __kvm_set_memory_region: new.base_gfn = base_gfn; "
        "slots->memslots[mem->slot] = new",
        tag="[R]",
    ),
    variant(
        "compares-bytes",
        ComparesBytes,
        "CACHE-9",
        "CACHE-12",
        source="a range of bytes that wraps, told by its bytes",
        tag="argued",
    ),
    variant(
        "short-of-memory",
        ShortOfMemory,
        "REQ-28",
        "ERR-1",
        source="the patch, __kvm_set_memory_region: vmalloc() of the reverse maps",
        tag="[R]",
    ),
    variant(
        "short-of-memory-linux",
        ShortOfMemoryLinux,
        "REQ-28",
        "ERR-1",
        source="6.1 arch/x86/kvm/x86.c:12870, kvm_alloc_memslot_metadata()",
        tag="[R]",
    ),
    variant(
        "doubles-budget",
        DoublesBudget,
        "SIZE-3",
        source="a budget bounds what is kept: with a larger one less is zapped",
        tag="argued",
    ),
    variant(
        "keeps-budget",
        KeepsBudget,
        "SIZE-3",
        source="6.1 arch/x86/kvm/x86.c:13022, kvm_arch_commit_memory_region(); "
        "x86.c:6059, kvm_vm_ioctl_get_nr_mmu_pages()",
        tag="[R]",
    ),
)
