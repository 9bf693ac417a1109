"""Dirty bitmaps that are gone, and the log of a slot that nobody can write to."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP
from memslot_spec.history.points.dirty import BitmapFreed, DirtyBitSet
from memslot_spec.history.words import describe_pages
from memslot_spec.known import Known, Measured
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.moments.dirty import BoundedLog


def is_gone(facts: Facts, event: BitmapFreed | DirtyBitSet) -> bool:
    """The bitmap is not allocated, or not any more."""
    return not facts.host.is_live((BITMAP, event.bitmap))


def freed_again(facts: Facts, event: BitmapFreed) -> str:
    return f"bitmap {event.bitmap} freed, which is not allocated"


@clause(
    id="DIRTY-33",
    title="A dirty bitmap is freed once",
    must="A dirty bitmap that is not allocated, or not any more, MUST NOT be freed.",
    known=Known(
        read="v2.6.34, kvm_free_physmem_slot(); 6.1 virt/kvm/kvm_main.c:975, "
        "kvm_destroy_dirty_bitmap(): NULL after kvfree()",
        last_read="2026-11-27",
    ),
    rows=(59,),
    on=BitmapFreed,
    expected="a bitmap freed once",
    observed=freed_again,
    points=("BitmapAllocated",),
)
def freed_once(facts: Facts, event: BitmapFreed) -> bool:
    return not is_gone(facts, event)


def marked_late(facts: Facts, event: DirtyBitSet) -> str:
    return f"page {event.page} marked in bitmap {event.bitmap}, which is not allocated"


@clause(
    id="DIRTY-34",
    title="Nothing is marked in a bitmap that was freed",
    must="A page MUST NOT be marked in a dirty bitmap that was freed.",
    known=Known(
        read="commit b050b015abbe: mark_page_dirty() inside the section that loaded "
        "the slot; 6.1 virt/kvm/kvm_main.c:3317, mark_page_dirty_in_slot()",
        last_read="2026-11-27",
    ),
    rows=(56, 59),
    on=DirtyBitSet,
    expected="a mark in a bitmap that is allocated",
    observed=marked_late,
    points=("BitmapAllocated", "BitmapFreed"),
)
def marked_in_time(facts: Facts, event: DirtyBitSet) -> bool:
    return not is_gone(facts, event)


def is_of_a_readonly_slot(facts: Facts, log: BoundedLog) -> bool:
    return log.unwritable is not None


def the_pages_shown(facts: Facts, log: BoundedLog) -> str:
    return f"shown as dirty: {describe_pages(tuple(sorted(log.unwritable or ())))}"


@clause(
    id="DIRTY-35",
    title="A READONLY slot has nothing to log",
    must="Where a log is claimed to be exact, `KVM_GET_DIRTY_LOG` of a READONLY slot "
    "MUST NOT show a page, unless its log begins with every page dirty.",
    known=Known(
        read='6.1 arch/x86/kvm/x86.c:12913, kvm_mmu_slot_apply_flags(): "RO slots '
        "(which can't be dirtied and can't be made writable)\"",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(23, 56),
    profiles=ONLY_LINUX,
    on=BoundedLog,
    premise=is_of_a_readonly_slot,
    expected="no page: a write to a READONLY slot reaches no memory",
    observed=the_pages_shown,
    operations=("GetDirtyLog",),
    exact=True,
)
def readonly_stays_clean(facts: Facts, log: BoundedLog) -> bool:
    return not log.unwritable


CLAUSES: tuple[AnyClause, ...] = (freed_once, marked_in_time, readonly_stays_clean)
