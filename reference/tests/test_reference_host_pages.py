"""The pages that the host has behind an address, and frames that are protected."""

from __future__ import annotations

import pytest

from memslot_reference.host_memory import HostMemory
from memslot_reference.linux import LinuxKvm
from memslot_reference.reference import reference, reference_linux
from memslot_reference.vm import Vm
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import Origin
from memslot_spec.model.profile import LINUX, V2_6_34
from memslot_spec.model.replies import Accessed, Reply
from memslot_spec.model.values import LOG_DIRTY_PAGES, Gfn, Hva, MemoryRegion

MIB = 1 << 20
HOST = 4 * MIB


def vm(name: str, *, npages: int = 4, flags: int = 0) -> Vm:
    """A VM with slot 0 at frame 512, backed from HOST on."""
    make, profile = (
        (reference, V2_6_34) if name == "reference" else (reference_linux, LINUX)
    )
    made = make(Silent(), profile)
    made.set_region(MemoryRegion(0, 2 * MIB, npages * PAGE_SIZE, HOST, flags))
    return made


def access(of: Vm, gfn: int, *, write: bool = False) -> Reply:
    return of.access(Gfn(gfn), write=write, direct=True, root=0)


def page(reply: Reply) -> int | None:
    """Which page was reached."""
    assert isinstance(reply, Accessed)
    return reply.replaced


def writable(of: Vm) -> list[bool]:
    sptes = of.observe().sptes
    assert sptes is not None
    return [spte.writable for spte in sptes]


BOTH = pytest.mark.parametrize("name", ["reference", "reference-linux"])


def test_a_page_is_replaced_where_the_host_has_all_of_it() -> None:
    memory = HostMemory()
    before = memory.now()
    memory.replace(PAGE_SIZE + 1, 4 * PAGE_SIZE - 1)
    memory.replace_page(2 * PAGE_SIZE + 7)
    pages = [memory.page_at(at * PAGE_SIZE, memory.now()) for at in range(5)]
    assert pages == [0, 0, 2, 0, 0]
    assert memory.page_at(2 * PAGE_SIZE, before) == 0


@BOTH
def test_an_access_reaches_the_page_that_was_put_there(name: str) -> None:
    made = vm(name)
    assert page(access(made, 513)) == 0
    made.change_pte(Hva(HOST + PAGE_SIZE), writable=False)
    assert page(access(made, 513)) == 1
    made.unmap_hva(Hva(HOST + PAGE_SIZE))
    assert page(access(made, 513, write=True)) == 2
    made.invalidate_range(Hva(HOST), Hva(HOST + 2 * PAGE_SIZE))
    assert page(access(made, 513)) == 3
    assert page(access(made, 512)) == 1
    for_kvm = made.software_access(Gfn(513), origin=Origin.KVM, write=False)
    assert page(for_kvm) == 3


def test_an_spte_gets_the_other_page_in_place_and_read_only() -> None:
    made = vm("reference")
    access(made, 513, write=True)
    made.change_pte(Hva(HOST + PAGE_SIZE), writable=False)
    assert writable(made) == [False]
    made.change_pte(Hva(HOST + PAGE_SIZE), writable=True)
    assert writable(made) == []


def test_today_nothing_is_mapped_when_the_other_page_comes() -> None:
    made = vm("reference-linux")
    access(made, 513)
    made.change_pte(Hva(HOST + PAGE_SIZE), writable=False)
    assert writable(made) == []


def test_a_large_spte_of_a_page_that_is_replaced_goes() -> None:
    made = vm("reference", npages=512)
    access(made, 513)
    made.change_pte(Hva(HOST + PAGE_SIZE), writable=False)
    assert writable(made) == []


@BOTH
def test_a_frame_that_is_protected_is_written_by_a_fault(name: str) -> None:
    made = vm(name)
    access(made, 513, write=True)
    access(made, 514, write=True)
    made.write_protect_gfn(Gfn(513))
    made.write_protect_gfn(Gfn(0x9999))
    assert writable(made) == [False, True]
    access(made, 513, write=True)
    assert writable(made) == [True, True]


def test_a_large_spte_is_dropped_or_protected() -> None:
    for name, left in (("reference", []), ("reference-linux", [False])):
        made = vm(name, npages=512)
        access(made, 513, write=True)
        made.write_protect_gfn(Gfn(600))
        assert writable(made) == left


@pytest.mark.parametrize(("npages", "left"), [(512, 0), (511, 2)])
def test_what_a_large_spte_can_replace_goes_with_the_log(
    npages: int, left: int
) -> None:
    made = vm("reference-linux", npages=npages, flags=LOG_DIRTY_PAGES)
    assert isinstance(made, LinuxKvm)
    access(made, 513, write=True)
    access(made, 514)
    made.set_region(MemoryRegion(0, 2 * MIB, npages * PAGE_SIZE, HOST, 0))
    assert len(writable(made)) == left
