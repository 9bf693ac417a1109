"""The two-step delete: INVALID first, then absent, with a grace period between.

Step one marks the slot INVALID. Once the grace period after it has ended no
reader can make a new mapping for the slot, but everything that takes mappings
away still finds it. The flush then has a last word, and step two removes the
slot.

    publish INVALID -> grace period -> flush -> publish absent -> grace period
"""

from __future__ import annotations

from memslot_spec.answered import Answered
from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.events import (
    Flushed,
    RmapIndexed,
    RmapUse,
    ShadowPageCreated,
    SpteMapped,
    TablePublished,
)
from memslot_spec.facts import Facts
from memslot_spec.operations import (
    Accessed,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    IsVisibleGfn,
    MemslotId,
    Mmio,
    Retry,
    UnmapHva,
)
from memslot_spec.plan import Change
from memslot_spec.profile import BOTH, ONLY_LINUX
from memslot_spec.readers import gfn_to_memslot
from memslot_spec.shadow import pages_at
from memslot_spec.values import SlotTable


def removes_a_deleted_slot(facts: Facts, event: TablePublished) -> bool:
    """A delete of a live slot publishes a table without it."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.change is Change.DELETE
        and update.removes_from(event.slots)
    )


def was_published_invalid(facts: Facts, event: TablePublished) -> bool:
    """This update published the slot as INVALID before."""
    update = facts.update_of(event.thread)
    return update is not None and update.invalid_published_at >= 0


def expects_invalid_step(facts: Facts, event: TablePublished) -> str:
    """The first step."""
    update = facts.update_of(event.thread)
    slot = None if update is None else update.old
    return f"slot {'?' if slot is None else slot.id} published as INVALID first"


def is_graced(facts: Facts, event: TablePublished) -> bool:
    """A grace period ended after the INVALID table was published."""
    update = facts.update_of(event.thread)
    return update is not None and (
        update.graced_at >= 0 or update.invalid_published_at < 0
    )


def expects_grace_before_absence(facts: Facts, event: TablePublished) -> str:
    """The wait between the steps."""
    del facts, event
    return "a grace period between publishing INVALID and publishing the absence"


def is_flushed(facts: Facts, event: TablePublished) -> bool:
    """The slot was flushed after the INVALID table was published."""
    update = facts.update_of(event.thread)
    return update is not None and (
        update.flushed_at >= 0 or update.invalid_published_at < 0
    )


def expects_flush_before_absence(facts: Facts, event: TablePublished) -> str:
    """The flush between the steps."""
    del facts, event
    return "the slot's shadow state flushed before its absence is published"


def flushes_its_slot(facts: Facts, event: Flushed) -> bool:
    """A delete or move flushes the slot that it published as INVALID."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.takes_slot_away
        and update.invalid_published_at >= 0
        and update.old is not None
        and event.slot_id in {None, update.old.id}
    )


def flush_is_graced(facts: Facts, event: Flushed) -> bool:
    """The grace period after the INVALID table has ended."""
    update = facts.update_of(event.thread)
    return update is not None and update.graced_at >= 0


def expects_grace_before_flush(facts: Facts, event: Flushed) -> str:
    """The wait before the flush."""
    del facts, event
    return "the grace period after INVALID ended before the flush: no fault follows it"


def a_slot_is_closed(facts: Facts, event: SpteMapped) -> bool:
    """A fault maps something while a slot is between its two steps, or gone."""
    del event
    return bool(facts.tables.closed)


def _is_allowed(visible: tuple[SlotTable, ...], first: int, npages: int) -> bool:
    """Some table in use has one valid slot over all these frames."""
    return any(
        not slot.invalid
        and slot.base <= first
        and first + npages <= slot.base + slot.npages
        for table in visible
        for slot in table
    )


def maps_no_closed_gfn(facts: Facts, event: SpteMapped) -> bool:
    """No frame of a closed slot is mapped, unless another slot is there by now."""
    npages = pages_at(event.level)
    if not any(s.meets(event.gfn, npages) for s in facts.tables.closed.values()):
        return True
    return _is_allowed(facts.visible_tables(), event.gfn, npages)


def expects_no_new_spte(facts: Facts, event: SpteMapped) -> str:
    """No mapping."""
    del facts
    return (
        f"no new spte for gfn {event.gfn:#x}: its slot is INVALID or gone, and the "
        "grace period has ended"
    )


def makes_a_direct_page(facts: Facts, event: ShadowPageCreated) -> bool:
    """A shadow page that maps frames directly, while a slot is closed."""
    return event.direct and bool(facts.tables.closed)


def page_serves_a_valid_slot(facts: Facts, event: ShadowPageCreated) -> bool:
    """The page's range meets no closed slot, or meets a valid one as well."""
    npages = event.npages
    if not any(s.meets(event.gfn, npages) for s in facts.tables.closed.values()):
        return True
    return any(
        not slot.invalid and slot.meets(event.gfn, npages)
        for table in facts.visible_tables()
        for slot in table
    )


def expects_no_new_page(facts: Facts, event: ShadowPageCreated) -> str:
    """No shadow page."""
    del facts
    return (
        f"no new direct shadow page at gfn {event.gfn:#x}: every slot in its range "
        "is INVALID or gone"
    )


def unmaps_in_the_window(facts: Facts, answered: Answered) -> bool:
    """The host takes a page away that an INVALID slot has mapped."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, UnmapHva)
        and known is not None
        and bool(known.invalid_mappings)
    )


def invalid_mappings_are_gone(facts: Facts, answered: Answered) -> bool:
    """None of those mappings stands any more."""
    known = facts.calls.get(answered.thread)
    standing = {spte.serial for spte in facts.shadow.sptes.values()}
    return known is None or not known.invalid_mappings & standing


def expects_unmapped_in_window(facts: Facts, answered: Answered) -> str:
    """The mappings gone."""
    known = facts.calls.get(answered.thread)
    left = frozenset() if known is None else known.invalid_mappings
    gfns = sorted(s.gfn for s in facts.shadow.sptes.values() if s.serial in left)
    frames = ", ".join(f"{gfn:#x}" for gfn in gfns)
    return f"no spte left for gfn {frames}: INVALID still allows destruction"


def removes_in_the_window(facts: Facts, event: RmapIndexed) -> bool:
    """An spte of an INVALID slot is about to leave its reverse map."""
    if event.use is not RmapUse.REMOVE:
        return False
    slot = gfn_to_memslot(facts.tables.current, event.gfn)
    return slot is not None and slot.invalid


def finds_its_slot(facts: Facts, event: RmapIndexed) -> bool:
    """The slot of the frame was found."""
    del facts
    return event.slot_id is not None


def expects_slot_found(facts: Facts, event: RmapIndexed) -> str:
    """The INVALID slot."""
    slot = gfn_to_memslot(facts.tables.current, event.gfn)
    name = "?" if slot is None else slot.id
    return f"the reverse map of slot {name} found, though the slot is INVALID"


def flushes_mapped_slot(facts: Facts, event: Flushed) -> bool:
    """A delete or move flushes a slot that had sptes."""
    update = facts.update_of(event.thread)
    return flushes_its_slot(facts, event) and update is not None and update.had_sptes


def nothing_is_left(facts: Facts, event: Flushed) -> bool:
    """No spte maps a frame of the slot."""
    update = facts.update_of(event.thread)
    if update is None or update.old is None:
        return True
    return not facts.shadow.of_slot(update.old)


def expects_nothing_left(facts: Facts, event: Flushed) -> str:
    """What is left."""
    update = facts.update_of(event.thread)
    old = None if update is None else update.old
    left = () if old is None else facts.shadow.of_slot(old)
    frames = ", ".join(sorted(f"{spte.gfn:#x}" for spte in left))
    return f"no spte of the slot after its flush; gfn {frames} is mapped"


def faults_in_the_window(facts: Facts, answered: Answered) -> bool:
    """A fault looked its frame up, and found the slot INVALID in every table."""
    known = facts.calls.get(answered.thread)
    return (
        isinstance(answered.operation, GuestAccess)
        and known is not None
        and bool(known.loaded)
        and all(_invalid_at(t, answered.operation.gfn) for t in answered.candidates)
    )


def _invalid_at(table: SlotTable, gfn: int) -> bool:
    slot = gfn_to_memslot(table, gfn)
    return slot is not None and slot.invalid


def does_not_reach_memory(facts: Facts, answered: Answered) -> bool:
    """The access did not get through, unless to the page of a later table."""
    del facts
    return not isinstance(answered.reply, Accessed) or answered.explained


def expects_no_memory(facts: Facts, answered: Answered) -> str:
    """MMIO, or once more."""
    del facts, answered
    return "MMIO or retry: the slot of the frame is INVALID"


def is_retried(facts: Facts, answered: Answered) -> bool:
    """The access is to be tried again, or met the page of a later table."""
    del facts
    return isinstance(answered.reply, Retry) or (
        isinstance(answered.reply, Accessed) and answered.explained
    )


def expects_retry(facts: Facts, answered: Answered) -> str:
    """Once more."""
    del facts, answered
    return "retry: the slot of the frame is INVALID, which is not MMIO"


def accesses_a_hole(facts: Facts, answered: Answered) -> bool:
    """The frame is in no slot, in any table that may be current."""
    del facts
    operation = answered.operation
    return isinstance(operation, GuestAccess) and all(
        gfn_to_memslot(table, operation.gfn) is None for table in answered.candidates
    )


def is_mmio(facts: Facts, answered: Answered) -> bool:
    """The access left the guest."""
    del facts
    return isinstance(answered.reply, Mmio)


def expects_mmio(facts: Facts, answered: Answered) -> str:
    """MMIO."""
    del facts, answered
    return "MMIO: no slot covers the frame"


def looks_beside_the_window(facts: Facts, answered: Answered) -> bool:
    """A lookup in a slot that stands in every candidate, while another goes."""
    del facts
    operation = answered.operation
    if not isinstance(operation, GfnToMemslot | GfnToHva | IsVisibleGfn | MemslotId):
        return False
    found = {gfn_to_memslot(table, operation.gfn) for table in answered.candidates}
    slot = next(iter(found)) if len(found) == 1 else None
    return (
        slot is not None
        and not slot.invalid
        and any(s.invalid for table in answered.candidates for s in table)
    )


def still_resolves(facts: Facts, answered: Answered) -> bool:
    """The answer is that slot's."""
    del facts
    return answered.explained


def expects_still_resolves(facts: Facts, answered: Answered) -> str:
    """The slot's own answer."""
    del facts, answered
    return "the frame resolved as before: only another slot is INVALID"


INVALID_FIRST = Clause(
    id="DEL-1",
    title="A delete publishes INVALID first",
    must=(
        "A delete of a live slot MUST publish a table in which the slot is INVALID "
        "before it publishes one without the slot."
    ),
    source="seed, __kvm_set_memory_region, step 1",
    rows=(36,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=removes_a_deleted_slot,
    holds=was_published_invalid,
    expected=expects_invalid_step,
)

GRACE_BEFORE_FLUSH = Clause(
    id="DEL-2",
    title="The flush waits for a grace period",
    must=(
        "The grace period after the INVALID table MUST have ended before the slot "
        "is flushed."
    ),
    source="seed, __kvm_set_memory_region: synchronize, then kvm_arch_flush_shadow",
    rows=(36,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Flushed,
    premise=flushes_its_slot,
    holds=flush_is_graced,
    expected=expects_grace_before_flush,
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)

GRACE_BEFORE_ABSENCE = Clause(
    id="DEL-3",
    title="The absence waits for a grace period",
    must=(
        "The grace period after the INVALID table MUST have ended before a delete "
        "publishes the slot's absence."
    ),
    source="seed, __kvm_set_memory_region: synchronize between the steps",
    rows=(36,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=removes_a_deleted_slot,
    holds=is_graced,
    expected=expects_grace_before_absence,
    points=("GracePeriodBegun", "GracePeriodEnded"),
)

FLUSH_BEFORE_ABSENCE = Clause(
    id="DEL-4",
    title="The absence waits for the flush",
    must=(
        "A delete MUST flush the slot's shadow state before it publishes the "
        "slot's absence."
    ),
    source="seed, __kvm_set_memory_region: kvm_arch_flush_shadow between the steps",
    rows=(36,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=TablePublished,
    premise=removes_a_deleted_slot,
    holds=is_flushed,
    expected=expects_flush_before_absence,
    points=("Flushed",),
)

NO_NEW_SPTE = Clause(
    id="DEL-5",
    title="No new spte for a slot that is going",
    must=(
        "From the end of the first grace period until a table in which the slot is "
        "valid again is published, a fault MUST NOT install an spte for a frame of "
        "the slot."
    ),
    source='seed: "stops instantiation of new shadow pages for that slot"',
    rows=(37,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=SpteMapped,
    premise=a_slot_is_closed,
    holds=maps_no_closed_gfn,
    expected=expects_no_new_spte,
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)

NO_NEW_PAGE = Clause(
    id="DEL-6",
    title="No new direct shadow page for a slot that is going",
    must=(
        "From the end of the first grace period until a table in which the slot is "
        "valid again is published, a fault MUST NOT create a shadow page that maps "
        "frames of that slot alone directly."
    ),
    source='seed: "stops instantiation of new shadow pages for that slot"',
    rows=(37,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=ShadowPageCreated,
    premise=makes_a_direct_page,
    holds=page_serves_a_valid_slot,
    expected=expects_no_new_page,
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)

UNMAP_STILL_WORKS = Clause(
    id="DEL-7",
    title="The host can still take pages of an INVALID slot",
    must=(
        "While a slot is INVALID, an unmap of its host memory MUST still remove "
        "every spte for it."
    ),
    source='seed: "but allows destruction"',
    rows=(38,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Answered,
    premise=unmaps_in_the_window,
    holds=invalid_mappings_are_gone,
    expected=expects_unmapped_in_window,
    operations=("UnmapHva",),
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
    concurrent=True,
)

RMAP_STILL_FOUND = Clause(
    id="DEL-8",
    title="Zapping still finds the INVALID slot",
    must=(
        "While a slot is INVALID, the removal of an spte from its reverse map MUST "
        "still find the slot."
    ),
    source="rmap_remove -> gfn_to_rmap -> gfn_to_memslot, used without a NULL check",
    rows=(38,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=RmapIndexed,
    premise=removes_in_the_window,
    holds=finds_its_slot,
    expected=expects_slot_found,
    points=("TablePublished",),
)

FLUSH_IS_WHOLE = Clause(
    id="DEL-9",
    title="The flush leaves nothing of the slot",
    must="After the flush of a slot that goes, no spte for it MUST be left.",
    source="seed, kvm_arch_flush_shadow: kvm_mmu_zap_all; more than the slot MAY go",
    rows=(39,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Flushed,
    premise=flushes_mapped_slot,
    holds=nothing_is_left,
    expected=expects_nothing_left,
    points=("SpteMapped", "SpteRemoved", "TablePublished"),
)

WINDOW_IS_NOT_MEMORY = Clause(
    id="DEL-10",
    title="A fault on an INVALID slot does not reach memory",
    must=("A guest access whose fault finds its slot INVALID MUST NOT reach memory."),
    source="seed, gfn_to_hva; commits e0c378684b65, 3ccbf6f47098",
    rows=(40,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Answered,
    premise=faults_in_the_window,
    holds=does_not_reach_memory,
    expected=expects_no_memory,
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
)

WINDOW_IS_RETRIED = Clause(
    id="DEL-11",
    title="Today a fault on an INVALID slot is retried",
    must="A guest access whose fault finds its slot INVALID MUST be retried.",
    source="commit e0c378684b65",
    rows=(40,),
    profiles=ONLY_LINUX,
    needs=Needs.POINTS,
    on=Answered,
    premise=faults_in_the_window,
    holds=is_retried,
    expected=expects_retry,
    operations=("GuestAccess",),
    points=("TableLoaded", "TablePublished"),
    concurrent=True,
)

GONE_IS_MMIO = Clause(
    id="DEL-12",
    title="A frame in no slot is MMIO",
    must="A guest access to a frame that no slot covers MUST leave as MMIO.",
    source="seed, gfn_to_hva: bad_hva",
    rows=(40,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Answered,
    premise=accesses_a_hole,
    holds=is_mmio,
    expected=expects_mmio,
    operations=("GuestAccess",),
)

OTHERS_RESOLVE = Clause(
    id="DEL-13",
    title="Other slots resolve throughout",
    must="While a slot is INVALID, frames of other slots MUST keep resolving.",
    source="seed, __kvm_set_memory_region: one slot of the copy is changed",
    rows=(41,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Answered,
    premise=looks_beside_the_window,
    holds=still_resolves,
    expected=expects_still_resolves,
    concurrent=True,
)

CLAUSES: tuple[AnyClause, ...] = (
    INVALID_FIRST,
    GRACE_BEFORE_FLUSH,
    GRACE_BEFORE_ABSENCE,
    FLUSH_BEFORE_ABSENCE,
    NO_NEW_SPTE,
    NO_NEW_PAGE,
    UNMAP_STILL_WORKS,
    RMAP_STILL_FOUND,
    FLUSH_IS_WHOLE,
    WINDOW_IS_NOT_MEMORY,
    WINDOW_IS_RETRIED,
    GONE_IS_MMIO,
    OTHERS_RESOLVE,
)
