"""The request generator: safe, repeatable, and never short of a situation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from kernel_draws import BACKING, asked, situation
from memslot_conformance.scenarios.kernel.requests import draw_request
from memslot_conformance.targets.kvm.guards import (
    MAX_SLOT_BYTES,
    MAX_VM_BYTES,
    MAX_VM_SLOTS,
    Ledger,
    UnsafeRequestError,
    objection,
)
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.replies import Done
from memslot_spec.model.updates import Change, Objection, change_of, objections
from memslot_spec.model.values import (
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)

LIMITS = Limits(largest_gfn=(1 << 40) - 1, user_slots=32764)
TWO_SPACES = Limits(largest_gfn=(1 << 34) - 1, address_spaces=2, user_slots=509)


def walk(
    seed: int, limits: Limits, steps: int
) -> Iterator[tuple[SlotTable, MemoryRegion]]:
    """Tables of one VM after the other, and the requests drawn on them."""
    for draw, operation in asked(limits, seed, steps):
        if isinstance(operation, SetRegion):
            yield draw.table, operation.region


@pytest.mark.parametrize("limits", [LIMITS, TWO_SPACES])
def test_every_request_is_let_through_and_fits_its_fields(limits: Limits) -> None:
    ledger = Ledger()
    for table, request in walk(1, limits, 3000):
        ledger = ledger if table.slots else Ledger()
        ledger.admit(request)
        if plan(table, request, LINUX, limits)[0].reply == Done():
            ledger.settle(request)
        assert 0 <= request.slot < 1 << 32
        assert 0 <= request.flags < 1 << 32
        assert 0 <= request.guest_phys_addr < 1 << 64
        assert 0 <= request.memory_size < 1 << 64
        assert 0 <= request.userspace_addr < 1 << 64


def test_same_seed_gives_the_same_requests() -> None:
    assert list(walk(7, LIMITS, 300)) == list(walk(7, LIMITS, 300))
    assert list(walk(7, LIMITS, 300)) != list(walk(8, LIMITS, 300))


CREATE, DELETE, MOVE, FLAGS, NO_OP = Change
MET_WITH = {
    Objection.MISALIGNED: {CREATE, DELETE, MOVE, FLAGS, NO_OP},
    Objection.HVA_MISALIGNED: {CREATE, DELETE, MOVE, FLAGS},
    Objection.HVA_UNUSABLE: {CREATE, DELETE, MOVE, FLAGS},
    Objection.WRAPS: {CREATE, MOVE},
    Objection.BAD_ID: {CREATE, DELETE},
    Objection.BAD_ADDRESS_SPACE: {CREATE, DELETE},
    Objection.UNKNOWN_FLAG: {CREATE, DELETE, MOVE, FLAGS, NO_OP},
    Objection.TOO_MANY_PAGES: {CREATE, MOVE, FLAGS},
    Objection.ABSENT: {DELETE},
    Objection.RESIZED: {MOVE, FLAGS, NO_OP},
    Objection.HVA_CHANGED: {MOVE, FLAGS},
    Objection.READONLY_CHANGED: {MOVE, FLAGS, NO_OP},
    Objection.OVERLAP: {CREATE, MOVE},
    Objection.BEYOND_GUEST: {CREATE, MOVE},
}


@pytest.mark.parametrize("limits", [LIMITS, TWO_SPACES])
def test_every_objection_is_met_with_every_change(limits: Limits) -> None:
    met: Counter[tuple[Objection, Change]] = Counter()
    for table, request in walk(2, limits, 6000):
        change = change_of(table, request)
        met.update((o, change) for o in objections(table, request, LINUX, limits))
    assert set(MET_WITH) == set(Objection)
    wanted = [(o, change) for o in Objection for change in MET_WITH[o]]
    assert [pair for pair in wanted if met[pair] < 3] == []


@pytest.mark.parametrize("limits", [LIMITS, TWO_SPACES])
def test_every_objection_but_two_is_met_alone(limits: Limits) -> None:
    alone = Counter(
        found[0]
        for table, request in walk(3, limits, 6000)
        if len(found := objections(table, request, LINUX, limits)) == 1
    )
    rare = {objection_ for objection_ in Objection if alone[objection_] < 10}
    # What wraps also ends above the largest gfn.
    assert rare == {Objection.TOO_MANY_PAGES, Objection.WRAPS}
    # Too big a size is never left to one check of the kernel.
    assert alone[Objection.TOO_MANY_PAGES] == 0


@pytest.mark.parametrize("limits", [LIMITS, TWO_SPACES])
def test_every_change_is_met_without_objection(limits: Limits) -> None:
    met = Counter(
        change_of(table, request)
        for table, request in walk(6, limits, 3000)
        if not objections(table, request, LINUX, limits)
    )
    assert min(met[change] for change in Change) >= 50


def test_sizes_too_big_would_be_eexist_without_their_check() -> None:
    both = {Objection.TOO_MANY_PAGES, Objection.OVERLAP}
    assert any(
        set(objections(table, request, LINUX, LIMITS)) == both
        for table, request in walk(4, LIMITS, 3000)
    )


def test_refuses_a_size_between_harmless_and_too_big() -> None:
    for size in (MAX_SLOT_BYTES + 1, 1 << 30, ((1 << 31) - 1) * PAGE_SIZE):
        assert f"got {size}" in str(objection(MemoryRegion(0, 1, size, 0), 0, 0))
    for size in (0, 1, MAX_SLOT_BYTES, (1 << 31) * PAGE_SIZE):
        assert objection(MemoryRegion(0, 0, size, 0), 0, 0) is None


def test_refuses_more_bytes_than_one_vm_may_hold() -> None:
    ledger = Ledger()
    whole = [MemoryRegion(i, 0, MAX_SLOT_BYTES, 0) for i in range(5)]
    for request in whole[:4]:
        ledger.admit(request)
        ledger.settle(request)
    ledger.admit(whole[0])
    with pytest.raises(UnsafeRequestError, match=str(MAX_VM_BYTES)):
        ledger.admit(whole[4])
    ledger.settle(MemoryRegion(0, 0, 0, 0))
    ledger.admit(whole[4])


def test_refuses_more_slots_than_one_vm_may_hold() -> None:
    ledger = Ledger()
    for i in range(MAX_VM_SLOTS):
        ledger.settle(MemoryRegion(i, 0, PAGE_SIZE, 0))
    ledger.admit(MemoryRegion(0, 0, PAGE_SIZE, 0))
    with pytest.raises(UnsafeRequestError, match="at most 512 slots"):
        ledger.admit(MemoryRegion(MAX_VM_SLOTS, 0, PAGE_SIZE, 0))


def test_full_vm_is_only_asked_what_the_guard_admits() -> None:
    full = table_of(
        *(Slot(i, Gfn(i << 12), MAX_SLOT_BYTES >> 12, Hva(0)) for i in range(4))
    )
    ledger = Ledger()
    for i in range(4):
        ledger.settle(MemoryRegion(i, 0, MAX_SLOT_BYTES, 0))
    draw = situation(LIMITS, 5, full)
    for _ in range(500):
        ledger.admit(draw_request(draw))


def test_where_a_vm_is_full_its_slots_are_still_changed() -> None:
    npages = MAX_SLOT_BYTES // PAGE_SIZE
    full = table_of(
        *(
            Slot(i, Gfn(i * npages), npages, Hva(BACKING[0] + i * MAX_SLOT_BYTES))
            for i in range(MAX_VM_BYTES // MAX_SLOT_BYTES)
        )
    )
    draw = situation(LIMITS, 1, full)
    drawn = [draw_request(draw) for _ in range(300)]
    # Beside those that only a rollback of a move is asked of.
    assert sum(one.memory_size == MAX_SLOT_BYTES for one in drawn) > len(drawn) // 5
