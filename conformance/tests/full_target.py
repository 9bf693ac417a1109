"""A target with every method, and one with the least, for tests of the adapter."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.model.replies import (
    Done,
    Reply,
)
from memslot_spec.model.values import (
    Gfn,
    Hva,
    MemoryRange,
    MemoryRegion,
)


@dataclass
class Full:
    """Has every method, writes down each call, and answers what it was given."""

    answer: object = None
    calls: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])

    def set_region(self, *args: object, **kwargs: object) -> object:
        return self.called("set_region", *args, *kwargs.items())

    def set_private_region(self, region: MemoryRegion) -> object:
        return self.called("set_private_region", region)

    def gfn_to_memslot(self, gfn: Gfn, *as_id: int) -> object:
        return self.called("gfn_to_memslot", gfn, *as_id)

    def gfn_to_hva(self, gfn: Gfn, *as_id: int) -> object:
        return self.called("gfn_to_hva", gfn, *as_id)

    def gfn_to_hva_prot(self, gfn: Gfn, *, write: bool) -> object:
        return self.called("gfn_to_hva_prot", gfn, write)

    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: Gfn) -> object:
        return self.called("vcpu_gfn_to_memslot", vcpu, gfn)

    def init_hva_cache(self, cache: int, gpa: int, length: int) -> object:
        return self.called("init_hva_cache", cache, gpa, length)

    def use_hva_cache(
        self, cache: int, offset: int, length: int, *, write: bool
    ) -> object:
        return self.called("use_hva_cache", cache, offset, length, write)

    def invalidate_range(self, start: Hva, end: Hva) -> object:
        return self.called("invalidate_range", start, end)

    def get_dirty_log(self, slot: int) -> object:
        return self.called("get_dirty_log", slot)

    def clear_dirty_log(
        self, slot: int, first_page: int, num_pages: int, bitmap: tuple[int, ...]
    ) -> object:
        return self.called("clear_dirty_log", slot, first_page, num_pages, bitmap)

    def enable_manual_protect(self, options: int) -> object:
        return self.called("enable_manual_protect", options)

    def is_visible_gfn(self, gfn: Gfn) -> object:
        return self.called("is_visible_gfn", gfn)

    def memslot_id(self, gfn: Gfn) -> object:
        return self.called("memslot_id", gfn)

    def tss_base(self) -> object:
        return self.called("tss_base")

    def mmu_pages(self) -> object:
        return self.called("mmu_pages")

    def count_rmaps(self) -> object:
        return self.called("count_rmaps")

    def access(self, gfn: Gfn, **how: object) -> object:
        return self.called("access", gfn, *sorted(how.items()))

    def read_guest(self, gpa: int, length: int, *as_id: int) -> object:
        return self.called("read_guest", gpa, length, *as_id)

    def write_guest(self, gpa: int, length: int, *as_id: int) -> object:
        return self.called("write_guest", gpa, length, *as_id)

    def pre_fault(self, gfn: Gfn, npages: int) -> object:
        return self.called("pre_fault", gfn, npages)

    def activate_pfn_cache(self, cache: int, gpa: int, length: int) -> object:
        return self.called("activate_pfn_cache", cache, gpa, length)

    def refresh_pfn_cache(self, cache: int) -> object:
        return self.called("refresh_pfn_cache", cache)

    def use_pfn_cache(self, cache: int) -> object:
        return self.called("use_pfn_cache", cache)

    def deactivate_pfn_cache(self, cache: int) -> object:
        return self.called("deactivate_pfn_cache", cache)

    def allocate_root(self, gfn: Gfn) -> object:
        return self.called("allocate_root", gfn)

    def unmap_hva(self, hva: Hva) -> object:
        return self.called("unmap_hva", hva)

    def age_hva(self, hva: Hva) -> object:
        return self.called("age_hva", hva)

    def change_pte(self, hva: Hva, *, writable: bool) -> object:
        return self.called("change_pte", hva, writable)

    def write_protect_gfn(self, gfn: Gfn, *space: int) -> object:
        return self.called("write_protect_gfn", gfn, *space)

    def add(self, gfn: Gfn, npages: int, hva: Hva) -> object:
        return self.called("add", gfn, npages, hva)

    def remove(self, gfn: Gfn, npages: int) -> object:
        return self.called("remove", gfn, npages)

    def replace(self, ranges: tuple[MemoryRange, ...]) -> object:
        return self.called("replace", ranges)

    def dirty(self, gfn: Gfn, npages: int) -> object:
        return self.called("dirty", gfn, npages)

    def halt(self) -> object:
        return self.called("halt")

    def release_notifier(self) -> object:
        return self.called("release_notifier")

    def destroy(self) -> object:
        return self.called("destroy")

    def called(self, *call: object) -> object:
        self.calls.append(call)
        return self.answer


class Least:
    """The least an implementation has."""

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()
