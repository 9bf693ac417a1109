"""TLBs: who relies on a mapping that is gone has it flushed, whoever took it away.

A processor may go on with a mapping that no spte holds any more, until the TLBs
are flushed. When that happens is open: under `mmu_lock`, or after it under a lock
that keeps others from relying on it. By the answer it has happened.
"""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import Stale
from memslot_spec.facts.mmu import Spte
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    GuestAccess,
    InvalidateRange,
    UnmapHva,
)
from memslot_spec.model.replies import DirtyLog, Done
from memslot_spec.model.updates import Change
from memslot_spec.model.values import Slot
from memslot_spec.moments.replies import Answered, Updated

FLUSHES = ("TlbFlushed", "SpteMapped", "SpteRemoved", "MmuUnlocked", "TablePublished")
DRAINS = ("GetDirtyLog", "ClearDirtyLog")


def _frames(sptes: Iterable[Spte]) -> str:
    return ", ".join(sorted(f"{spte.gfn:#x}" for spte in sptes))


def _drained(facts: Facts, answered: Answered) -> Slot | None:
    """The slot whose log was asked for or cleared, with success."""
    operation = answered.operation
    if not isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return None
    if not isinstance(answered.reply, DirtyLog | Done):
        return None
    word = operation.slot
    return facts.tables.current.find(as_id_of(word), id_of(word))


def _looked_under_lock(facts: Facts, thread: int) -> bool:
    """The thread held the lock over the shadow state during its call."""
    known = facts.calls.get(thread)
    return known is not None and facts.host.unlocked.get(thread, -1) > known.step


def _writable_of(facts: Facts, thread: int, slot: Slot) -> tuple[Stale, ...]:
    """Stale mappings of the slot that a guest can write through."""
    return tuple(
        stale
        for stale in facts.host.relied_on(thread)
        if stale.spte.writable and stale.spte.meets(slot)
    )


def drains_a_log(facts: Facts, answered: Answered) -> bool:
    """A log was asked for or cleared, and sptes were looked at for it."""
    return _drained(facts, answered) is not None and _looked_under_lock(
        facts, answered.thread
    )


def expects_log_flushed(facts: Facts, answered: Answered) -> str:
    """Which mappings are in a TLB yet."""
    slot = _drained(facts, answered)
    left = () if slot is None else _writable_of(facts, answered.thread, slot)
    frames = _frames(stale.spte for stale in left)
    return f"the TLBs flushed: the guest can still write to gfn {frames} unnoticed"


@clause(
    id="MMU-6",
    title="A drained log is not written behind its back",
    must="When GET_DIRTY_LOG or CLEAR_DIRTY_LOG answers, no TLB MUST hold a writable "
    "mapping of the slot that had been taken away, by whomever, when it last "
    "held mmu_lock.",
    source="commit 6dbf79e7164e",
    rows=(48,),
    on=Answered,
    premise=drains_a_log,
    expected=expects_log_flushed,
    any_operation=DRAINS,
    points=FLUSHES,
)
def log_flushes(facts: Facts, answered: Answered) -> bool:
    slot = _drained(facts, answered)
    return slot is None or not _writable_of(facts, answered.thread, slot)


def _unprotected(facts: Facts, answered: Answered) -> tuple[Spte, ...]:
    """Writable sptes of cleared pages that are older than the clearing."""
    slot = _drained(facts, answered)
    cleared = facts.host.cleared.get(answered.thread)
    if slot is None or cleared is None:
        return ()
    pages = cleared.pages
    if pages is None:
        reply = answered.reply
        pages = tuple(set_bits(reply.bitmap)) if isinstance(reply, DirtyLog) else ()
    gfns = {slot.base + page for page in pages}
    return tuple(
        spte
        for spte in facts.shadow.sptes.values()
        if spte.writable
        and spte.serial <= cleared.serial
        and spte.as_id == slot.as_id
        and any(spte.gfn <= gfn < spte.gfn + spte.npages for gfn in gfns)
    )


def clears_pages(facts: Facts, answered: Answered) -> bool:
    """Pages were taken out of the slot's log."""
    return (
        _drained(facts, answered) is not None
        and facts.host.cleared.get(answered.thread) is not None
    )


def expects_protected(facts: Facts, answered: Answered) -> str:
    """Which pages are writable."""
    frames = _frames(_unprotected(facts, answered))
    return f"no writable spte left of a page out of the log; gfn {frames} has one"


@clause(
    id="MMU-7",
    title="A page out of the log is write-protected",
    must="When GET_DIRTY_LOG or CLEAR_DIRTY_LOG answers, no writable spte from before "
    "MUST be left of a page that it took out of the log.",
    source="kvm_mmu_slot_remove_write_access; kvm_arch_mmu_enable_log_dirty_pt_masked",
    rows=(48,),
    on=Answered,
    premise=clears_pages,
    expected=expects_protected,
    any_operation=DRAINS,
    points=("SpteMapped", "SpteRemoved", "TablePublished", "DirtyBitsCleared"),
)
def log_protects(facts: Facts, answered: Answered) -> bool:
    return not _unprotected(facts, answered)


def starts_logging(facts: Facts, update: Updated) -> bool:
    """A request turned logging on in a live slot, and looked at sptes for it."""
    known = facts.update_of(update.thread)
    return (
        known is not None
        and known.old is not None
        and update.change is Change.FLAGS
        and not known.old.log_dirty
        and update.operation.region.log_dirty
        and isinstance(update.reply, Done)
        and _looked_under_lock(facts, update.thread)
    )


def _left_at_start(facts: Facts, update: Updated) -> tuple[Stale, ...]:
    known = facts.update_of(update.thread)
    if known is None or known.old is None:
        return ()
    return _writable_of(facts, update.thread, known.old)


def expects_start_flushed(facts: Facts, update: Updated) -> str:
    """Which mappings are in a TLB yet."""
    frames = _frames(stale.spte for stale in _left_at_start(facts, update))
    return f"the TLBs flushed: the guest can still write to gfn {frames} unnoticed"


@clause(
    id="MMU-8",
    title="Where logging begins nothing writes unnoticed",
    must="When a request that turns dirty logging on has answered, no TLB MUST hold a "
    "writable mapping of the slot that it took away.",
    source="kvm_mmu_slot_apply_flags; commit 6dbf79e7164e",
    rows=(48,),
    on=Updated,
    premise=starts_logging,
    expected=expects_start_flushed,
    points=FLUSHES,
)
def start_flushes(facts: Facts, update: Updated) -> bool:
    return not _left_at_start(facts, update)


def _bytes_of(answered: Answered) -> tuple[int, int] | None:
    """The host bytes that an operation takes away."""
    operation = answered.operation
    if isinstance(operation, UnmapHva):
        start = operation.hva >> PAGE_SHIFT << PAGE_SHIFT
        return start, start + PAGE_SIZE
    if isinstance(operation, InvalidateRange) and operation.start < operation.end:
        return operation.start, operation.end
    return None


def _left_in_tlbs(facts: Facts, answered: Answered) -> tuple[Stale, ...]:
    """Stale mappings of what the host has taken away."""
    taken = _bytes_of(answered)
    if taken is None:
        return ()
    return tuple(
        stale
        for stale in facts.host.relied_on(answered.thread)
        if stale.spte.meets_hvas(*taken)
    )


def takes_mapped_memory(facts: Facts, answered: Answered) -> bool:
    """The host takes away what was mapped, or what may be in a TLB yet."""
    known = facts.calls.get(answered.thread)
    return (
        known is not None
        and _bytes_of(answered) is not None
        and _looked_under_lock(facts, answered.thread)
        and (bool(known.mappings) or bool(_left_in_tlbs(facts, answered)))
    )


def expects_taken_flushed(facts: Facts, answered: Answered) -> str:
    """Which mappings are in a TLB yet."""
    frames = _frames(stale.spte for stale in _left_in_tlbs(facts, answered))
    return f"the TLBs flushed: a processor may still reach the page by gfn {frames}"


@clause(
    id="MMU-9",
    title="What the host took away is in no TLB",
    must="When an unmap or an invalidation of host memory has answered, no TLB MUST "
    "hold a mapping of it that had been taken away, by whomever, when it last "
    "held mmu_lock.",
    source="virt/kvm/kvm_main.c, kvm_mmu_notifier_invalidate_page; 6dbf79e7164e",
    rows=(48, 52),
    on=Answered,
    premise=takes_mapped_memory,
    expected=expects_taken_flushed,
    any_operation=("UnmapHva", "InvalidateRange"),
    points=FLUSHES,
)
def unmap_flushes(facts: Facts, answered: Answered) -> bool:
    return not _left_in_tlbs(facts, answered)


def removes_a_mapped_slot(facts: Facts, event: TablePublished) -> bool:
    """A delete or a move publishes its end, and the slot was mapped."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.takes_slot_away
        and update.removes_from(event.slots)
        and update.had_sptes
    )


def _left_of_slot(facts: Facts, event: TablePublished) -> tuple[Stale, ...]:
    update = facts.update_of(event.thread)
    old = None if update is None else update.old
    if old is None:
        return ()
    return tuple(s for s in facts.host.stale.values() if s.spte.meets(old))


def expects_slot_in_no_tlb(facts: Facts, event: TablePublished) -> str:
    """Which mappings are in a TLB yet."""
    frames = _frames(stale.spte for stale in _left_of_slot(facts, event))
    return f"the TLBs flushed first: a processor may still reach gfn {frames}"


@clause(
    id="MMU-10",
    title="A slot that goes is in no TLB",
    must="Before a delete or a move publishes its last table, the TLBs MUST have been "
    "flushed of every mapping of the slot.",
    source="kvm_mmu_zap_all: kvm_flush_remote_tlbs",
    rows=(39, 48),
    on=TablePublished,
    premise=removes_a_mapped_slot,
    expected=expects_slot_in_no_tlb,
    points=("TlbFlushed", "SpteMapped", "SpteRemoved"),
)
def removal_flushes(facts: Facts, event: TablePublished) -> bool:
    return not _left_of_slot(facts, event)


def replaces_a_mapping(facts: Facts, answered: Answered) -> bool:
    """A fault took an spte away."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, GuestAccess)
        and known is not None
        and facts.host.took.get(answered.thread, -1) > known.step
    )


def _left_by_fault(facts: Facts, answered: Answered) -> tuple[Stale, ...]:
    """What the fault took away and is stale."""
    known = facts.calls.get(answered.thread)
    if known is None:
        return ()
    return tuple(
        stale
        for stale in facts.host.stale.values()
        if stale.thread == answered.thread and stale.step > known.step
    )


def expects_replaced_flushed(facts: Facts, answered: Answered) -> str:
    """Which mappings are in a TLB yet."""
    frames = _frames(stale.spte for stale in _left_by_fault(facts, answered))
    return f"the TLBs flushed of what the fault replaced: gfn {frames}"


@clause(
    id="MMU-11",
    title="A fault flushes what it replaces",
    must="A fault that takes an spte away, and puts none there that maps the same "
    "pages and permits as much, MUST flush the TLBs before it answers.",
    source="commits 91546356d0e, 3be2264be3c",
    rows=(48,),
    on=Answered,
    premise=replaces_a_mapping,
    expected=expects_replaced_flushed,
    operations=("GuestAccess",),
    points=("TlbFlushed", "SpteMapped", "SpteRemoved"),
)
def fault_flushes(facts: Facts, answered: Answered) -> bool:
    return not _left_by_fault(facts, answered)


CLAUSES: tuple[AnyClause, ...] = (
    log_flushes,
    log_protects,
    start_flushes,
    unmap_flushes,
    removal_flushes,
    fault_flushes,
)
