"""The running kernel, row by row: what it was seen to answer to slot requests.

The rows were first taken down on Linux 6.18. Each runs on a VM of its own that
holds two slots; after a refusal both are still where they were. Host addresses
are not mapped: when a slot is set, only their range is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from memslot_conformance.targets.kvm.detect import KernelFacts, Unusable, detect
from memslot_conformance.targets.kvm.device import UnexpectedAnswerError
from memslot_conformance.targets.kvm.guards import UnsafeRequestError
from memslot_conformance.targets.kvm.target import KvmVm
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Errno, MemoryRegion

READONLY = BIT_1
HVA = 1 << 30
DONE = Done()
EINVAL = Refused(Errno.EINVAL)
EEXIST = Refused(Errno.EEXIST)


def region(
    slot: int, gfn: int, npages: int, hva: int | None = None, flags: int = 0
) -> MemoryRegion:
    """A request in pages; the host address follows from the id if not given."""
    if hva is None:
        hva = HVA + (slot << 24)
    return MemoryRegion(slot, gfn << PAGE_SHIFT, npages << PAGE_SHIFT, hva, flags)


ONE = region(1, 16, 4)
TWO = region(2, 32, 4, flags=READONLY)
NEW = region(3, 64, 4)
GONE = replace(ONE, memory_size=0)


@pytest.fixture(scope="module")
def facts() -> KernelFacts:
    """What the kernel of this machine decides; without one, the reason why not."""
    found = detect()
    if isinstance(found, Unusable):
        pytest.skip(found.reason)
    return found.facts


@pytest.fixture
def vm(facts: KernelFacts) -> Iterator[KvmVm]:
    """A VM with the slots ONE and TWO."""
    with KvmVm(facts) as machine:
        assert machine.set_region(ONE) == DONE
        assert machine.set_region(TWO) == DONE
        yield machine


def holds_one_and_two(vm: KvmVm) -> bool:
    """Exactly the gfns of ONE and TWO are taken, as creates of one page tell."""
    probe = region(9, 0, 1)
    taken: list[int] = []
    for gfn in (15, 16, 19, 20, 31, 32, 35, 36):
        if vm.set_region(replace(probe, guest_phys_addr=gfn << PAGE_SHIFT)) == DONE:
            assert vm.set_region(replace(probe, memory_size=0)) == DONE
        else:
            taken.append(gfn)
    return taken == [16, 19, 32, 35]


ACCEPTED = {
    "create": NEW,
    "create with LOG_DIRTY and READONLY": replace(NEW, flags=READONLY | 1),
    "create below, touching": region(3, 14, 2),
    "create above, touching": region(3, 20, 12),
    "create at guest address 0": region(3, 0, 1),
    "create on host address 0": replace(NEW, userspace_addr=0),
    "create on another slot's host range": replace(NEW, userspace_addr=HVA + (1 << 24)),
    "delete": GONE,
    "delete naming another guest address": replace(GONE, guest_phys_addr=5 << 30),
    "delete inside another slot": replace(GONE, guest_phys_addr=33 << PAGE_SHIFT),
    "delete at the last guest page": replace(GONE, guest_phys_addr=U64 - PAGE_SIZE),
    "delete without its READONLY": replace(TWO, memory_size=0, flags=0),
    "no-op": ONE,
    "no-op of a READONLY slot": TWO,
    "LOG_DIRTY on": replace(ONE, flags=LOG_DIRTY_PAGES),
    "move": region(1, 64, 4),
    "move over its own old range": region(1, 17, 4),
    "move beside another slot": region(1, 36, 4),
    "move and LOG_DIRTY on": region(1, 64, 4, flags=LOG_DIRTY_PAGES),
}

INVALID = {
    "delete of an absent slot": replace(NEW, memory_size=0),
    "delete, guest address misaligned": replace(GONE, guest_phys_addr=1),
    "delete, host address misaligned": replace(GONE, userspace_addr=HVA + 8),
    "delete, size below a page": replace(GONE, memory_size=PAGE_SIZE - 1),
    "delete with an unknown flag": replace(GONE, flags=1 << 15),
    "delete with a host address of the kernel": replace(GONE, userspace_addr=1 << 63),
    "guest address misaligned": replace(NEW, guest_phys_addr=0x40001),
    "size misaligned": replace(NEW, memory_size=PAGE_SIZE + 1),
    "size below a page": replace(NEW, memory_size=1),
    "host address misaligned": replace(NEW, userspace_addr=HVA + 2048),
    "guest range wraps": replace(NEW, guest_phys_addr=U64 - PAGE_SIZE),
    "guest range ends at 2^64": replace(NEW, guest_phys_addr=U64 - 4 * PAGE_SIZE),
    "guest address 2^63": replace(NEW, guest_phys_addr=1 << 63),
    "2^31 pages over a slot": region(3, 16, 1 << 31, hva=PAGE_SIZE),
    "2^63 bytes over a slot": region(3, 16, 1 << 51, hva=PAGE_SIZE),
    "host range wraps": replace(NEW, userspace_addr=U64 - PAGE_SIZE),
    "host address 2^56": replace(NEW, userspace_addr=1 << 56),
    "host address tagged": replace(NEW, userspace_addr=HVA | 1 << 62),
    "host address of the kernel": replace(NEW, userspace_addr=0xFFFF_8880_0000_0000),
    "grow": region(1, 16, 5),
    "shrink": region(1, 16, 3),
    "grow onto another slot": region(1, 16, 17),
    "move and resize": region(1, 64, 5),
    "other host address": replace(ONE, userspace_addr=HVA),
    "other host address, and moved": region(1, 64, 4, hva=HVA),
    "READONLY on": replace(ONE, flags=READONLY),
    "READONLY off": replace(TWO, flags=0),
    "READONLY on, and moved": region(1, 64, 4, flags=READONLY),
    "misaligned and overlapping": replace(NEW, guest_phys_addr=0x10800),
    "unknown flag and overlapping": region(3, 16, 4, flags=1 << 16),
    "READONLY on and moved onto another": region(1, 33, 4, flags=READONLY),
} | {f"flag bit {b}": replace(NEW, flags=1 << b) for b in (2, 3, 4, 15, 16, 17, 31)}

OVERLAPPING = {
    "create, equal": region(3, 16, 4),
    "create on the first page": region(3, 13, 4),
    "create on the last page": region(3, 19, 4),
    "create around": region(3, 15, 6),
    "create inside": region(3, 17, 1),
    "create over both": region(3, 16, 20),
    "move onto another": region(1, 32, 4),
    "move onto another's first page": region(1, 29, 4),
    "move onto another's last page": region(1, 35, 4),
}


@pytest.mark.parametrize("request_", ACCEPTED.values(), ids=ACCEPTED)
def test_kernel_accepts(vm: KvmVm, request_: MemoryRegion) -> None:
    assert vm.set_region(request_) == DONE


@pytest.mark.parametrize("request_", INVALID.values(), ids=INVALID)
def test_kernel_gives_einval_and_changes_nothing(
    vm: KvmVm, request_: MemoryRegion
) -> None:
    assert vm.set_region(request_) == EINVAL
    assert holds_one_and_two(vm)


@pytest.mark.parametrize("request_", OVERLAPPING.values(), ids=OVERLAPPING)
def test_kernel_gives_eexist_and_changes_nothing(
    vm: KvmVm, request_: MemoryRegion
) -> None:
    assert vm.set_region(request_) == EEXIST
    assert holds_one_and_two(vm)


def test_slot_ids_end_at_the_count(vm: KvmVm) -> None:
    limit = vm.limits.user_slots

    def reply(slot_id: int) -> Reply:
        return vm.set_region(replace(NEW, slot=slot_id))

    assert reply(limit - 1) == DONE
    assert [reply(i) for i in (limit, limit + 1, 0xFFFF)] == [EINVAL] * 3


def test_address_spaces_end_at_the_count(vm: KvmVm) -> None:
    count = vm.limits.address_spaces
    for as_id in (count, count + 1, 0xFFFF):
        assert vm.set_region(replace(NEW, slot=pack(as_id, 3))) == EINVAL


def test_address_spaces_are_independent(vm: KvmVm) -> None:
    if vm.limits.address_spaces == 1:
        pytest.skip("kvm: one address space, so none is apart from it")
    assert vm.set_region(replace(ONE, slot=pack(1, 1))) == DONE
    assert holds_one_and_two(vm)


def test_host_addresses_end_where_detected(vm: KvmVm) -> None:
    end = vm.limits.hva_end
    last = replace(NEW, userspace_addr=end - NEW.memory_size)
    past = replace(NEW, userspace_addr=last.userspace_addr + PAGE_SIZE)

    assert vm.set_region(past) == EINVAL
    assert vm.set_region(last) == DONE
    assert vm.set_region(replace(last, memory_size=0, userspace_addr=end)) == DONE


def test_guest_addresses_end_where_detected(vm: KvmVm) -> None:
    last = vm.limits.largest_gfn
    assert vm.set_region(region(3, last, 2)) == EINVAL
    assert vm.set_region(region(3, last + 1, 1)) == EINVAL
    assert vm.set_region(region(3, last, 1)) == DONE
    # What overlaps as well is EEXIST: the arch hook is asked last.
    assert vm.set_region(region(4, last, 2)) == EEXIST


def test_move_beyond_the_largest_gfn_is_undone(vm: KvmVm) -> None:
    logged = replace(ONE, flags=LOG_DIRTY_PAGES)
    assert vm.set_region(logged) == DONE
    assert vm.set_region(region(1, vm.limits.largest_gfn - 2, 4, flags=1)) == EINVAL

    assert holds_one_and_two(vm)
    assert vm.set_region(logged) == DONE
    assert vm.set_region(region(1, 64, 4, flags=1)) == DONE
    assert vm.set_region(region(1, 64, 0)) == DONE


def test_deleted_range_can_be_taken_again(vm: KvmVm) -> None:
    assert vm.set_region(GONE) == DONE
    assert vm.set_region(GONE) == EINVAL
    assert vm.set_region(region(3, 15, 6)) == DONE


def test_refuses_to_send_what_is_not_safe(vm: KvmVm) -> None:
    big = replace(NEW, memory_size=(16 << 20) + PAGE_SIZE)
    with pytest.raises(
        UnsafeRequestError, match=r"at most 16777216 bytes.*got 16781312"
    ):
        vm.set_region(big)
    assert holds_one_and_two(vm)


def test_closing_gives_everything_back(facts: KernelFacts) -> None:
    descriptors = Path("/proc/self/fd")
    before = len(list(descriptors.iterdir()))
    machine = KvmVm(facts)
    assert machine.set_region(replace(NEW, userspace_addr=machine.backing[0])) == DONE
    machine.close()
    machine.close()

    assert len(list(descriptors.iterdir())) == before
    with pytest.raises(UnexpectedAnswerError, match="EBADF"):
        machine.set_region(NEW)
    assert f"{machine.backing[0]:x}-" not in Path("/proc/self/maps").read_text()


def test_facts_describe_themselves_in_one_line(facts: KernelFacts) -> None:
    line = facts.describe()
    assert line.startswith("kvm: Linux ")
    assert "\n" not in line
    assert f"{facts.nr_memslots} slots" in line
    assert facts.api_version == 12
