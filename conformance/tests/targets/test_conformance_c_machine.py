"""Accesses, dirty logs and the end of a VM in C, through buffers of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest

from c_libraries import SKELETON, built, needs_c
from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.perform import perform
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import (
    ClearDirtyLog,
    DestroyVm,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    IsVisibleGfn,
    SetRegion,
)
from memslot_spec.model.replies import (
    Accessed,
    DirtyLog,
    Done,
    Mmio,
    Refused,
    Retry,
    Visible,
)
from memslot_spec.model.values import Errno, MemoryRegion

pytestmark = needs_c

FUNCTIONS = r"""
static uint64_t log_[2] = {5, 1ull << 63};

static int64_t access_(ms_vm *vm, const ms_access *a, uint64_t *hva)
{
    (void)vm;
    *hva = a->gfn * 4096 + a->write + 2 * a->direct + 4 * a->root;
    return a->gfn < 4 ? MS_ACCESSED : a->gfn == 4 ? MS_MMIO
         : a->gfn == 5 ? MS_RETRY : a->gfn == 6 ? -EFAULT : 9;
}

static int64_t visible(ms_vm *vm, uint64_t gfn)
{
    (void)vm;
    return (int64_t)gfn;
}

static int64_t get(ms_vm *vm, uint32_t slot, uint64_t *words, uint64_t capacity,
                   uint64_t *count)
{
    uint64_t i;

    (void)vm;
    if (slot == 9)
        return -ENOENT;
    *count = slot == 8 ? 1ull << 40 : 2;
    for (i = 0; i < 2 && i < capacity; i++)
        words[i] = log_[i];
    return 0;
}

static int64_t clear(ms_vm *vm, uint32_t slot, uint64_t first, uint64_t pages,
                     const uint64_t *words, uint64_t count)
{
    uint64_t i;

    (void)vm;
    (void)slot;
    (void)pages;
    for (i = 0; i < count; i++)
        log_[first / 64 + i] &= ~words[i];
    return 0;
}

static int64_t manual(ms_vm *vm, uint64_t options)
{
    (void)vm;
    return options > 3 ? -EINVAL : 0;
}

static int64_t destroy(ms_vm *vm)
{
    (void)vm;
    return 0;
}

static const ms_description description"""

GIVEN = """
    .access = access_,
    .is_visible_gfn = visible,
    .get_dirty_log = get,
    .clear_dirty_log = clear,
    .enable_manual_protect = manual,
    .destroy = destroy,
    .create = create,"""


@pytest.fixture
def vm(tmp_path: Path) -> AnyImplementation:
    source = SKELETON.read_text(encoding="utf-8")
    source = source.replace("static const ms_description description", FUNCTIONS)
    source = source.replace("\n    .create = create,", GIVEN)
    return resolve(built(source, tmp_path)).make(Silent())


def test_an_access_answers_by_its_code(vm: AnyImplementation) -> None:
    asked = GuestAccess(3, write=True, direct=True, root=2)
    assert perform(vm, asked) == Accessed(3 * 4096 + 11)
    assert perform(vm, GuestAccess(4)) == Mmio()
    assert perform(vm, GuestAccess(5)) == Retry()
    assert perform(vm, GuestAccess(6)) == Refused(Errno.EFAULT)
    with pytest.raises(TargetError, match="access gave 9"):
        perform(vm, GuestAccess(7))


def test_a_yes_is_one_and_a_no_is_zero(vm: AnyImplementation) -> None:
    assert perform(vm, IsVisibleGfn(0)) == Visible(visible=False)
    assert perform(vm, IsVisibleGfn(1)) == Visible(visible=True)
    with pytest.raises(TargetError, match="is_visible_gfn gave 2"):
        perform(vm, IsVisibleGfn(2))


def test_a_dirty_log_is_written_into_the_buffer_of_the_suite(
    vm: AnyImplementation,
) -> None:
    assert perform(vm, GetDirtyLog(9)) == Refused(Errno.ENOENT)
    assert perform(vm, SetRegion(MemoryRegion(1, 0, 128 << 12, 0, 1))) == Done()
    assert perform(vm, GetDirtyLog(1)) == DirtyLog((5, 1 << 63))
    assert perform(vm, ClearDirtyLog(1, 64, 64, (1 << 63,))) == Done()
    assert perform(vm, GetDirtyLog(1)) == DirtyLog((5, 0))


def test_more_words_than_have_room_are_an_error(vm: AnyImplementation) -> None:
    with pytest.raises(TargetError, match="gave 1099511627776 words, and 0 have room"):
        perform(vm, GetDirtyLog(8))


def test_options_are_taken_or_refused(vm: AnyImplementation) -> None:
    assert perform(vm, EnableManualProtect(1)) == Done()
    assert perform(vm, EnableManualProtect(4)) == Refused(Errno.EINVAL)


def test_a_vm_in_c_can_end(vm: AnyImplementation) -> None:
    assert perform(vm, DestroyVm()) == Done()
