"""The rules of the machine: what a VM may be asked, one rule for each operation.

A slot comes into the bundle `slots`, by its word, when a request has made it. The
request has its four changes beside it, as `enum kvm_mr_change` tells them apart: they
are what is done with a slot. What is drawn for an argument is in `drawn`, and what an
answer must be is in the clauses, which `machine` makes the invariants.
"""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, MultipleResults, consumes, precondition, rule

from memslot_conformance.scenarios.drawn import dirty, pfn_caches, shapes
from memslot_conformance.stateful.asking import AsksAVm, not_twice
from memslot_conformance.stateful.drawn import (
    flags,
    frames,
    gfns,
    guest_ranges,
    host_addresses,
    host_ranges,
    logged,
    new_regions,
    options,
    origins,
    owners,
    page_counts,
    places,
    ranges_to_resolve,
    requests,
    roots,
    so_far,
    uses,
    vast_requests,
)
from memslot_spec.model.operations import (
    AgeHva,
    AllocateRoot,
    ChangePte,
    CountRmaps,
    DeactivatePfnCache,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    Halt,
    InvalidateRange,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    Origin,
    PreFault,
    ReadGuest,
    RefreshPfnCache,
    ReleaseNotifier,
    SetRegion,
    TssBase,
    UnmapHva,
    UsePfnCache,
    VcpuGfnToMemslot,
    WriteGuest,
    WriteProtectGfn,
)
from memslot_spec.model.values import MemoryRegion


class MemslotMachine(AsksAVm):
    """A VM that is asked, one operation after the other, by one thread."""

    slots: Bundle[int] = Bundle("slots")

    # Requests.

    @rule(target=slots, region=new_regions)
    def create_slot(self, region: MemoryRegion) -> MultipleResults[int]:
        """`KVM_MR_CREATE`: a slot where there is none of its id."""
        return self.request(region)

    @rule(slot=consumes(slots), gfn=gfns)
    def delete_slot(self, slot: int, gfn: int) -> None:
        """`KVM_MR_DELETE`: a size of 0, wherever the request is about."""
        self.request(shapes.at(replace(self.region_of(slot), memory_size=0), gfn))

    @rule(slot=slots, gfn=places)
    def move_slot(self, slot: int, gfn: int) -> None:
        """`KVM_MR_MOVE`: the same slot from another frame on."""
        self.request(shapes.at(self.region_of(slot), gfn))

    @rule(slot=slots, flags=flags)
    def set_flags(self, slot: int, flags: int) -> None:
        """`KVM_MR_FLAGS_ONLY`: the slot begins or ends to log, or stays as it is."""
        self.request(replace(self.region_of(slot), flags=flags))

    @rule(target=slots, request=requests)
    def set_region(self, request: SetRegion) -> MultipleResults[int]:
        """`KVM_SET_USER_MEMORY_REGION`: any request, be it refused; or KVM's own."""
        return self.send(request)

    @rule(requests=vast_requests)
    def set_vast_region(self, requests: tuple[SetRegion, ...]) -> None:
        """A slot too large for its log to be told of, which is deleted at once."""
        for request in requests:
            self.send(request)

    # Readers of the table.

    @rule(frame=frames)
    def gfn_to_memslot(self, frame: tuple[int, int]) -> None:
        """`gfn_to_memslot`: the slot of a frame in an address space."""
        self.ask(GfnToMemslot(*frame))

    @rule(frame=frames)
    def gfn_to_hva(self, frame: tuple[int, int]) -> None:
        """`gfn_to_hva`: the host address of a frame in an address space."""
        self.ask(GfnToHva(*frame))

    @rule(gfn=gfns, write=st.booleans())
    def gfn_to_hva_prot(self, *, gfn: int, write: bool) -> None:
        """`__gfn_to_hva_many`: the host address for reading, or for writing."""
        self.ask(GfnToHvaProt(gfn, write=write))

    @rule(vcpu=owners, gfn=gfns)
    def vcpu_gfn_to_memslot(self, vcpu: int, gfn: int) -> None:
        """`kvm_vcpu_gfn_to_memslot`: as above, by the hint of a vCPU."""
        self.ask(VcpuGfnToMemslot(vcpu, gfn))

    @rule(gfn=gfns)
    def is_visible_gfn(self, gfn: int) -> None:
        """`kvm_is_visible_gfn`: whether a frame is ordinary guest memory."""
        self.ask(IsVisibleGfn(gfn))

    @rule(gfn=gfns)
    def memslot_id(self, gfn: int) -> None:
        """`memslot_id`: the id of the slot of a frame."""
        self.ask(MemslotId(gfn))

    @precondition(not_twice(TssBase))
    @rule()
    def tss_base(self) -> None:
        """`rmode_tss_base`: where the real-mode TSS is put."""
        self.ask(TssBase())

    @precondition(not_twice(MmuPages))
    @rule()
    def mmu_pages(self) -> None:
        """`kvm_mmu_calculate_mmu_pages`: how many shadow pages there may be."""
        self.ask(MmuPages())

    # Guest memory.

    @rule(frame=frames, write=st.booleans(), direct=st.booleans(), root=roots)
    def guest_access(
        self, *, frame: tuple[int, int], write: bool, direct: bool, root: int
    ) -> None:
        """The guest's processor reads or writes, with paging off if `direct`."""
        gfn, as_id = frame
        self.ask(GuestAccess(gfn, write, direct, 0 if direct else root, as_id))

    @rule(frame=frames, write=st.booleans(), origin=origins)
    def software_access(
        self, *, frame: tuple[int, int], write: bool, origin: Origin
    ) -> None:
        """The emulator, a page walk or KVM itself reads or writes."""
        gfn, as_id = frame
        write = write and origin is not Origin.TABLE_WALK
        self.ask(GuestAccess(gfn, write, as_id=as_id, origin=origin))

    @rule(span=guest_ranges)
    def read_guest(self, span: tuple[int, int, int]) -> None:
        """`kvm_vcpu_read_guest`: so many bytes from a guest address on."""
        self.ask(ReadGuest(*span))

    @rule(span=guest_ranges)
    def write_guest(self, span: tuple[int, int, int]) -> None:
        """`kvm_vcpu_write_guest`: so many bytes from a guest address on."""
        self.ask(WriteGuest(*span))

    @rule(gfn=gfns, npages=page_counts)
    def pre_fault(self, gfn: int, npages: int) -> None:
        """`KVM_PRE_FAULT_MEMORY`: pages are mapped ahead of their use."""
        self.ask(PreFault(gfn, npages))

    @rule(gfn=gfns)
    def allocate_root(self, gfn: int) -> None:
        """`mmu_alloc_roots`: a shadow root for the page table at a frame."""
        self.ask(AllocateRoot(gfn))

    @rule(frame=frames)
    def write_protect_gfn(self, frame: tuple[int, int]) -> None:
        """`rmap_write_protect`: the next write to a frame has to fault."""
        self.ask(WriteProtectGfn(*frame))

    @precondition(not_twice(CountRmaps))
    @rule()
    def count_rmaps(self) -> None:
        """`count_rmaps`: how many sptes the reverse maps hold."""
        self.ask(CountRmaps())

    # Caches of host addresses and of host pages.

    @rule(operation=ranges_to_resolve)
    def init_hva_cache(self, operation: Operation) -> None:
        """`kvm_gfn_to_hva_cache_init`: a range is resolved once for many uses."""
        self.ask(operation)

    @rule(operation=uses)
    def use_hva_cache(self, operation: Operation) -> None:
        """`kvm_read_guest_offset_cached`, or the write: some of that range."""
        self.ask(operation)

    @rule(operation=so_far(pfn_caches.draw_activation))
    def activate_pfn_cache(self, operation: Operation) -> None:
        """`kvm_gpc_activate`: the host page of a range is looked up."""
        self.ask(operation)

    @rule(cache=owners)
    def refresh_pfn_cache(self, cache: int) -> None:
        """`kvm_gpc_refresh`: it is looked up again."""
        self.ask(RefreshPfnCache(cache))

    @rule(cache=owners)
    def use_pfn_cache(self, cache: int) -> None:
        """`kvm_gpc_check`, and a read of the page where it says yes."""
        self.ask(UsePfnCache(cache))

    @rule(cache=owners)
    def deactivate_pfn_cache(self, cache: int) -> None:
        """`kvm_gpc_deactivate`: the cache stands for no page."""
        self.ask(DeactivatePfnCache(cache))

    # The host.

    @rule(hva=host_addresses)
    def unmap_hva(self, hva: int) -> None:
        """`kvm_unmap_hva`: the page at a host address is taken away."""
        self.ask(UnmapHva(hva))

    @rule(span=host_ranges)
    def invalidate_range(self, span: tuple[int, int]) -> None:
        """`invalidate_range_start` and `_end`: so is a range of host bytes."""
        self.ask(InvalidateRange(*span))

    @rule(hva=host_addresses)
    def age_hva(self, hva: int) -> None:
        """`kvm_age_hva`: whether a page was touched since it was asked last."""
        self.ask(AgeHva(hva))

    @rule(hva=host_addresses, writable=st.booleans())
    def change_pte(self, *, hva: int, writable: bool) -> None:
        """`change_pte`: another page stands at a host address now."""
        self.ask(ChangePte(hva, writable=writable))

    @precondition(not_twice(ReleaseNotifier))
    @rule()
    def release_notifier(self) -> None:
        """`kvm_mmu_notifier_release`: every mapping is removed."""
        self.ask(ReleaseNotifier())

    # Dirty logs.

    @rule(slot=slots | logged)
    def get_dirty_log(self, slot: int) -> None:
        """`KVM_GET_DIRTY_LOG`: the pages written, and not to be told again."""
        self.ask(GetDirtyLog(slot))

    @rule(operation=so_far(dirty.draw_clear))
    def clear_dirty_log(self, operation: Operation) -> None:
        """`KVM_CLEAR_DIRTY_LOG`: some pages of a slot."""
        self.ask(operation)

    @rule(options=options)
    def enable_manual_protect(self, options: int) -> None:
        """`KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`: a GET clears nothing any more."""
        self.ask(EnableManualProtect(options))

    # The VM.

    @precondition(not_twice(Halt))
    @rule()
    def halt(self) -> None:
        """`kvm_vcpu_block`: the vCPU sleeps and is woken."""
        self.ask(Halt())

    @precondition(not_twice(DestroyVm))
    @rule()
    def destroy_vm(self) -> None:
        """`kvm_destroy_vm`: nothing is asked after it, so a new VM takes its place."""
        self.ask(DestroyVm())
        self.begin_anew()
