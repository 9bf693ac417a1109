"""The running kernel's dirty logs, row by row; nobody writes, so they are exact."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel_draws import situation
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.kernel.requests import draw_operation
from memslot_conformance.targets.kvm.detect import Unusable, detect
from memslot_conformance.targets.kvm.guards import UnsafeRequestError
from memslot_conformance.targets.kvm.target import ClearingVm, kernel_vm
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
)
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import DirtyLog, Done, Refused
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    Errno,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    table_of,
)

DONE = Done()
EINVAL = Refused(Errno.EINVAL)
ENOENT = Refused(Errno.ENOENT)
EVERY = (1 << 64) - 1
TAIL = (1 << 36) - 1


def region(gfn: int, npages: int = 100, flags: int = LOG_DIRTY_PAGES) -> MemoryRegion:
    return MemoryRegion(0, gfn << PAGE_SHIFT, npages << PAGE_SHIFT, 1 << 30, flags)


@pytest.fixture
def vm() -> Iterator[ClearingVm]:
    """A VM of this machine's kernel, if it has all of manual protection."""
    found = detect()
    if isinstance(found, Unusable):
        pytest.skip(found.reason)
    with kernel_vm(found.facts) as machine:
        if not isinstance(machine, ClearingVm):
            pytest.skip("the kernel does not know all options of manual protection")
        yield machine


def test_a_log_begins_clean_and_ends(vm: ClearingVm) -> None:
    assert vm.get_dirty_log(0) == ENOENT
    assert vm.set_region(region(16)) == DONE
    assert vm.get_dirty_log(0) == DirtyLog((0, 0))
    assert vm.set_region(region(16, flags=0)) == DONE
    assert vm.get_dirty_log(0) == ENOENT
    assert vm.get_dirty_log(0xFFFF) == EINVAL


def test_a_log_that_begins_dirty_moves_and_is_cleared(vm: ClearingVm) -> None:
    assert vm.enable_manual_protect(3) == DONE
    assert vm.set_region(region(16)) == DONE
    assert vm.get_dirty_log(0) == DirtyLog((EVERY, TAIL))
    assert vm.clear_dirty_log(0, 64, 36, (1 << 35,)) == DONE
    assert vm.set_region(region(512)) == DONE
    assert vm.get_dirty_log(0) == DirtyLog((EVERY, TAIL >> 1))
    assert vm.clear_dirty_log(0, 0, 100, (EVERY, EVERY)) == DONE
    assert vm.get_dirty_log(0) == DirtyLog((0, 0))


@pytest.mark.parametrize(
    ("first", "count", "answer"),
    [
        (0, 0, DONE),
        (64, 36, DONE),
        (0, 64, DONE),
        (64, 64, EINVAL),
        (0, 36, EINVAL),
        (128, 0, EINVAL),
        (1, 63, EINVAL),
    ],
)
def test_ranges_of_clear(
    vm: ClearingVm, first: int, count: int, answer: Done | Refused
) -> None:
    assert vm.set_region(region(16)) == DONE
    assert vm.clear_dirty_log(0, first, count, ()) == answer


def test_refuses_options_that_are_not_known(vm: ClearingVm) -> None:
    assert vm.enable_manual_protect(2) == EINVAL
    assert vm.enable_manual_protect(4) == EINVAL


def test_refuses_to_read_more_than_a_slot_may_have(vm: ClearingVm) -> None:
    with pytest.raises(UnsafeRequestError, match="4097"):
        vm.clear_dirty_log(0, 0, 4097, ())


def test_requests_are_drawn_at_slots_that_log() -> None:
    logging = Slot(1, Gfn(16), 100, Hva(0), log_dirty=True)
    draw = situation(Limits(user_slots=8), 1)
    draw.table = table_of(Slot(0, Gfn(512), 4, Hva(0)), logging)
    palette = palette_of(draw.header)
    drawn = [draw_operation(draw, palette) for _ in range(800)]
    gets = [op for op in drawn if isinstance(op, GetDirtyLog)]
    clears = [op for op in drawn if isinstance(op, ClearDirtyLog)]
    assert sum(op.slot == 1 for op in gets) > len(gets) // 2
    assert sum(op.slot == 1 for op in clears) > len(clears) // 2
    assert any(isinstance(op, EnableManualProtect) for op in drawn)
