"""What a move does to pages: their arrays, what accesses reach, and what is allowed."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.move.steps import by_a_move
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.replies import Accessed, Done
from memslot_spec.model.updates import Change
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.replies import Answered, Updated
from memslot_spec.moments.tables import SlotRemoved


def with_arrays(facts: Facts, removed: SlotRemoved) -> bool:
    attached = removed.attached
    return (
        by_a_move(facts, removed)
        and attached is not None
        and attached.metadata is not None
    )


def _arrays(facts: Facts, removed: SlotRemoved) -> MetadataAllocated | None:
    """How the arrays were made that the slot has at its new base; None: freed."""
    attached = removed.attached
    if attached is None or attached.metadata is None:
        return None
    return facts.host.metadata.get(attached.metadata)


def arrays_for_the_new_base(facts: Facts, removed: SlotRemoved) -> str:
    made = _arrays(facts, removed)
    words = "they are freed" if made is None else f"they were made for {made.base:#x}"
    return f"arrays made for the slot's new base; {words}"


@clause(
    id="MOVE-4",
    title="A moved slot has arrays made for its base",
    must="The arrays that a slot keeps by page MUST, at its new base, be ones that "
    "were made for that base and size.",
    source='"KVM: Allocate new rmap and large page tracking when moving memslot"',
    rows=(44,),
    on=SlotRemoved,
    premise=with_arrays,
    expected=arrays_for_the_new_base,
    points=("MetadataAllocated", "MetadataFreed"),
)
def arrays_for_base(facts: Facts, removed: SlotRemoved) -> bool:
    made = _arrays(facts, removed)
    slot = removed.table.find(removed.old.as_id, removed.old.id)
    return (
        made is not None
        and slot is not None
        and (made.base, made.npages) == (slot.base, slot.npages)
    )


def _has_moved(slot: Slot, table: SlotTable) -> bool:
    now = table.find(slot.as_id, slot.id)
    return now is not None and now.base != slot.base


def _moved_over(facts: Facts, answered: Answered, access: GuestAccess) -> bool:
    """The frame is in a slot that moves now, or was the last to move."""
    last = facts.last_update
    tables = list(answered.candidates)
    if last is not None and last.change is Change.MOVE and last.before is not None:
        tables.append(last.before)
    return any(
        slot.as_id == access.as_id
        and slot.covers(access.gfn)
        and any(_has_moved(slot, other) for other in tables)
        for table in tables
        for slot in table
    )


def reaches_a_moved_frame(facts: Facts, answered: Answered) -> bool:
    """An access to the old or the new frames of a slot that moves got through."""
    access = answered.operation
    return (
        isinstance(access, GuestAccess)
        and isinstance(answered.reply, Accessed)
        and _moved_over(facts, answered, access)
    )


def expects_a_defined_page(facts: Facts, answered: Answered) -> str:
    """The pages that the tables have there."""
    access = answered.operation
    if not isinstance(access, GuestAccess):
        return ""
    pages = {
        f"{slot.hva_of(access.gfn):#x}"
        for table in answered.candidates
        for slot in table
        if slot.as_id == access.as_id and slot.covers(access.gfn) and not slot.invalid
    }
    return f"the page at hva {' or '.join(sorted(pages))}" if pages else "no memory"


@clause(
    id="MOVE-5",
    title="A move never shows another page",
    must="During a move and after it, an access to the slot's old or new frames MUST "
    "reach no page but the one that the slot defines there.",
    source="tools/testing/selftests/kvm/set_memory_region_test.c, move in use",
    rows=(43,),
    on=Answered,
    premise=reaches_a_moved_frame,
    expected=expects_a_defined_page,
    operations=("GuestAccess",),
)
def never_another_page(facts: Facts, answered: Answered) -> bool:
    return answered.explained


def _is_sound_move(update: Updated) -> Slot | None:
    """The slot of a move against which nothing can be said."""
    if update.base is None or update.change is not Change.MOVE:
        return None
    if update.malformed or update.conflicts or update.operation.failure is not None:
        return None
    word = update.operation.region.slot
    return update.base.find(as_id_of(word), id_of(word))


def moves_onto_itself(facts: Facts, update: Updated) -> bool:
    """A sound move whose new frames are in part its old ones."""
    slot, region = _is_sound_move(update), update.operation.region
    return slot is not None and overlaps(
        slot.base, slot.npages, region.base, region.npages
    )


def is_done(facts: Facts, update: Updated) -> bool:
    """It was carried out."""
    return isinstance(update.reply, Done)


def expects_move(facts: Facts, update: Updated) -> str:
    """The move."""
    return f"the slot moved to {update.operation.region.base:#x}"


ONTO_ITSELF = Clause(
    id="MOVE-6",
    title="A move may overlap its own old range",
    must="A move whose new range meets only the slot's own old one MUST be accepted.",
    source="kvm_check_memslot_overlap skips the slot's own id",
    rows=(45,),
    on=Updated,
    premise=moves_onto_itself,
    expected=expects_move,
    operations=("SetRegion",),
    holds=is_done,
)


def moves_and_toggles(facts: Facts, update: Updated) -> bool:
    """A sound move that changes LOG_DIRTY as well."""
    slot = _is_sound_move(update)
    return slot is not None and slot.log_dirty != update.operation.region.log_dirty


def expects_both(facts: Facts, update: Updated) -> str:
    """The move, and the flag."""
    region = update.operation.region
    word = "logging" if region.log_dirty else "not logging"
    return f"the slot at {region.base:#x} and {word}"


@clause(
    id="MOVE-7",
    title="A move may change LOG_DIRTY as well",
    must="A move that changes LOG_DIRTY in the same request MUST do both.",
    source="kvm_set_memory_region: KVM_MR_MOVE with other flags",
    rows=(45,),
    on=Updated,
    premise=moves_and_toggles,
    expected=expects_both,
)
def toggles_too(facts: Facts, update: Updated) -> bool:
    if not is_done(facts, update):
        return False
    region = update.operation.region
    if update.after is None:
        return True
    slot = update.after.find(as_id_of(region.slot), id_of(region.slot))
    return slot is not None and (slot.base, slot.log_dirty) == (
        region.base,
        region.log_dirty,
    )


CLAUSES: tuple[AnyClause, ...] = (
    arrays_for_base,
    never_another_page,
    ONTO_ITSELF,
    toggles_too,
)
