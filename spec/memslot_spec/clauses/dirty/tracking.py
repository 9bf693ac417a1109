"""Dirty tracking: every page of a slot that logs is dirty, or write-protected.

That is the rule by which no write is lost. It may be broken only where somebody
owes a repair: an update that turns logging on, until it is done, and a GET or a
CLEAR, until it answers; what these have taken counts as dirty until then.
"""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.bitmaps import undirtied
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte
from memslot_spec.history.words import describe_pages
from memslot_spec.model.dirty_log import given_pages, slot_named
from memslot_spec.model.operations import ClearDirtyLog, GetDirtyLog
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import DirtyLog, Done
from memslot_spec.model.values import Slot
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.replies import Answered, Updated

POINTS = (
    "TablePublished",
    "BitmapAllocated",
    "DirtyBitSet",
    "SpteMapped",
    "SpteRemoved",
)
"""What has to be told of for the rule to be seen."""


def _is_settled(facts: Facts, slot: Slot) -> bool:
    """The slot logs, and no update of it is under way."""
    return slot.log_dirty and all(
        (as_id_of(word), id_of(word)) != (slot.as_id, slot.id)
        for word in (u.operation.region.slot for u in facts.open_updates())
    )


def _watched_at(facts: Facts, rest: AtRest) -> tuple[tuple[Slot, Spte], ...]:
    """The touched writable sptes, each with its slot, where that logs."""
    found: list[tuple[Slot, Spte]] = []
    for place in rest.touched:
        spte = facts.shadow.sptes.get(place)
        if spte is None or not spte.writable or spte.slot is None:
            continue
        slot = facts.tables.current.find(spte.slot.as_id, spte.slot.id)
        if slot is not None and _is_settled(facts, slot):
            found.append((slot, spte))
    return tuple(found)


def mapped_writable_in_a_log(facts: Facts, rest: AtRest) -> bool:
    """A writable spte of a slot that logs was installed since the last rest."""
    return bool(_watched_at(facts, rest))


def expects_dirty_pages(facts: Facts, rest: AtRest) -> str:
    """The pages that can be written to unnoticed."""
    clean = [
        f"{describe_pages(pages)} of slot {slot.id}"
        for slot, spte in _watched_at(facts, rest)
        if (pages := undirtied(facts.bitmaps, slot, spte))
    ]
    return f"dirty in the slot's bitmap, or write-protected: {', '.join(clean)}"


@clause(
    id="DIRTY-1",
    title="A page of a logging slot is dirty or write-protected",
    must="When the shadow state comes to rest, every page that an spte of a slot "
    "that logs lets the guest write to MUST be dirty in the slot's bitmap, or "
    "in what an open GET or CLEAR has taken out of it.",
    source="commit edde99ce0529",
    rows=(55,),
    on=AtRest,
    premise=mapped_writable_in_a_log,
    expected=expects_dirty_pages,
    points=POINTS,
)
def writable_is_dirty(facts: Facts, rest: AtRest) -> bool:
    return not any(
        undirtied(facts.bitmaps, slot, spte) for slot, spte in _watched_at(facts, rest)
    )


def _drained_slot(facts: Facts, answered: Answered) -> Slot | None:
    """The slot whose log was shown or cleared, with nothing else under way."""
    operation = answered.operation
    if not isinstance(operation, GetDirtyLog | ClearDirtyLog):
        return None
    if not isinstance(answered.reply, DirtyLog | Done):
        return None
    slot = slot_named(facts.tables.current, operation.slot)
    if slot is None or not _is_settled(facts, slot):
        return None
    return slot if facts.sections.mmu_holder is None else None


def a_log_was_shown(facts: Facts, answered: Answered) -> bool:
    """The log of a slot was shown, and the shadow state is at rest."""
    return _drained_slot(facts, answered) is not None


def _unnoticed(facts: Facts, slot: Slot) -> tuple[int, ...]:
    """The pages of a slot that the guest can write to unnoticed."""
    return tuple(
        page
        for spte in facts.shadow.sptes.values()
        for page in undirtied(facts.bitmaps, slot, spte)
    )


def expects_nothing_unnoticed(facts: Facts, answered: Answered) -> str:
    """The pages that are writable and clean."""
    slot = _drained_slot(facts, answered)
    pages = () if slot is None else _unnoticed(facts, slot)
    return f"no writable spte left where the log is clean: {describe_pages(pages)}"


@clause(
    id="DIRTY-2",
    title="GET leaves clean pages write-protected",
    must="When `KVM_GET_DIRTY_LOG` answers, no spte of the slot MUST let the guest "
    "write to a page that is not dirty in the slot's bitmap.",
    source="kvm_mmu_slot_remove_write_access; commit edde99ce0529",
    rows=(48, 55),
    on=Answered,
    premise=a_log_was_shown,
    expected=expects_nothing_unnoticed,
    operations=("GetDirtyLog",),
    points=POINTS,
)
def protected_after_get(facts: Facts, answered: Answered) -> bool:
    slot = _drained_slot(facts, answered)
    return slot is None or not _unnoticed(facts, slot)


def writable_sptes_went(facts: Facts, rest: AtRest) -> bool:
    """A writable spte went since the last rest."""
    del rest
    return bool(facts.bitmaps.gone)


def expects_host_told(facts: Facts, rest: AtRest) -> str:
    """The host pages that may have been written to."""
    del rest
    hvas = ", ".join(f"{spte.hva:#x}" for spte in facts.bitmaps.untold())
    return f"the host told that the pages at {hvas} were written to"


@clause(
    id="DIRTY-3",
    title="The host is told when a writable mapping goes",
    must="Before the lock in which a writable spte goes is given back, the host "
    "MUST be told that its page was written to.",
    source="rmap_remove, kvm_set_pfn_dirty; commit 9ed5520dd3c",
    rows=(55,),
    on=AtRest,
    premise=writable_sptes_went,
    expected=expects_host_told,
    points=("HostPageDirtied", "SpteMapped", "SpteRemoved", "MmuLocked"),
)
def host_told(facts: Facts, rest: AtRest) -> bool:
    del rest
    return not facts.bitmaps.untold()


def _unprotected(facts: Facts, answered: Answered) -> frozenset[int]:
    """The pages given to a CLEAR that the guest can write to unnoticed."""
    slot, operation = _drained_slot(facts, answered), answered.operation
    if slot is None or not isinstance(operation, ClearDirtyLog):
        return frozenset()
    given = given_pages(operation, slot.npages)
    return given.intersection(_unnoticed(facts, slot))


def pages_were_cleared(facts: Facts, answered: Answered) -> bool:
    """Pages of a slot that logs were cleared, and the shadow state is at rest."""
    slot, operation = _drained_slot(facts, answered), answered.operation
    return (
        slot is not None
        and isinstance(operation, ClearDirtyLog)
        and bool(given_pages(operation, slot.npages))
    )


def expects_cleared_pages_protected(facts: Facts, answered: Answered) -> str:
    """Those that can."""
    pages = describe_pages(tuple(sorted(_unprotected(facts, answered))))
    return f"no writable spte left of what was cleared: {pages}"


@clause(
    id="DIRTY-20",
    title="CLEAR leaves the pages it clears write-protected",
    must="When `KVM_CLEAR_DIRTY_LOG` answers, no spte, large ones included, MUST let "
    "the guest write to a page that it was given and that is not dirty again.",
    source="kvm_arch_mmu_enable_log_dirty_pt_masked; api.rst 4.117",
    rows=(55, 58),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=pages_were_cleared,
    expected=expects_cleared_pages_protected,
    operations=("ClearDirtyLog",),
    points=POINTS,
)
def protected_after_clear(facts: Facts, answered: Answered) -> bool:
    return not _unprotected(facts, answered)


def _began(facts: Facts, update: Updated) -> Slot | None:
    """The live slot whose logging a request turned on, with clean pages."""
    if not isinstance(update.reply, Done) or update.base is None:
        return None
    word = update.operation.region.slot
    before, slot = slot_named(update.base, word), slot_named(facts.tables.current, word)
    if before is None or before.log_dirty or slot is None or not slot.log_dirty:
        return None
    bitmap = facts.bitmaps.of(slot)
    if bitmap is None or bitmap.all_set or facts.sections.mmu_holder is not None:
        return None
    others = [u for u in facts.open_updates() if u.operation is not update.operation]
    about = [u for u in others if u.operation.region.slot == word]
    return None if about else slot


def logging_began(facts: Facts, update: Updated) -> bool:
    """Logging of a live slot was turned on, and not with every page dirty."""
    return _began(facts, update) is not None


def expects_nothing_from_before(facts: Facts, update: Updated) -> str:
    """The pages that are writable and clean."""
    slot = _began(facts, update)
    pages = () if slot is None else _unnoticed(facts, slot)
    return f"no writable spte from before the log, but of {describe_pages(pages)}"


@clause(
    id="DIRTY-30",
    title="Logging begins with nothing writable",
    must="When a request has turned a slot's logging on, no spte made before that, "
    "large or not, MUST let the guest write to a page that is not dirty.",
    source="kvm_set_memory_region of the seed: flush_shadow after the flag is seen",
    rows=(48, 60),
    on=Updated,
    premise=logging_began,
    expected=expects_nothing_from_before,
    points=POINTS,
)
def protected_when_logging_begins(facts: Facts, update: Updated) -> bool:
    slot = _began(facts, update)
    return slot is None or not _unnoticed(facts, slot)


CLAUSES: tuple[AnyClause, ...] = (
    writable_is_dirty,
    protected_after_get,
    host_told,
    protected_after_clear,
    protected_when_logging_begins,
)
