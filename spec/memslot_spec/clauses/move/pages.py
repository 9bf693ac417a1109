"""What a move does to pages: their arrays, what accesses reach, and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.clauses.move.steps import by_a_move
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.history.words import count, describe_reply, describe_slot
from memslot_spec.history.words.tables import describe_at
from memslot_spec.known import Known, Measured
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.replies import Accessed, Done
from memslot_spec.model.updates import Change, target_of
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments.replies import Answered
from memslot_spec.moments.tables import SlotRemoved, SoundMove


def with_arrays(facts: Facts, removed: SlotRemoved) -> bool:
    attached = removed.attached
    return (
        by_a_move(facts, removed)
        and attached is not None
        and attached.metadata is not None
    )


def arrays_made(facts: Facts, removed: SlotRemoved) -> MetadataAllocated | None:
    """How the arrays were made that the slot has at its new base; None: freed."""
    attached = removed.attached
    if attached is None or attached.metadata is None:
        return None
    return facts.host.metadata.get(attached.metadata)


def arrays_for_the_new_base(facts: Facts, removed: SlotRemoved) -> str:
    now = removed.table.find(removed.old.as_id, removed.old.id)
    return f"arrays made for {describe_slot(now)}" if now else "the slot at a new base"


def arrays_it_has(facts: Facts, removed: SlotRemoved) -> str:
    made = arrays_made(facts, removed)
    if made is None:
        return "its arrays are freed"
    return f"its arrays were made for gfn {made.base:#x} +{count(made.npages, 'page')}"


@clause(
    id="MOVE-4",
    title="A moved slot has arrays made for its base",
    must="The reverse maps and the large-page arrays of a moved slot MUST be ones that "
    "were made for its new base and size. Its dirty bitmap is carried over (DIRTY-25): "
    "that counts pages from the base.",
    known=Known(
        read='commit edd4fa37baa6, "KVM: Allocate new rmap and large page tracking '
        'when moving memslot"; 6.1 arch/x86/kvm/x86.c:12870, '
        "kvm_arch_prepare_memory_region()",
        last_read="2026-11",
    ),
    rows=(44,),
    on=SlotRemoved,
    premise=with_arrays,
    expected=arrays_for_the_new_base,
    observed=arrays_it_has,
    points=("MetadataAllocated", "MetadataFreed"),
)
def arrays_for_base(facts: Facts, removed: SlotRemoved) -> bool:
    made = arrays_made(facts, removed)
    slot = removed.table.find(removed.old.as_id, removed.old.id)
    return (
        made is not None
        and slot is not None
        and (made.base, made.npages) == (slot.base, slot.npages)
    )


def moved(slot: Slot, table: SlotTable) -> bool:
    now = table.find(slot.as_id, slot.id)
    return now is not None and now.base != slot.base


def slots_at(access: GuestAccess, tables: Iterable[SlotTable]) -> Iterator[Slot]:
    for table in tables:
        for slot in table:
            if slot.as_id == access.as_id and slot.covers(access.gfn):
                yield slot


def reaches_a_moved_frame(facts: Facts, answered: Answered) -> bool:
    """The access got through, at a frame of a slot that moves, or moved last."""
    access, last = answered.operation, facts.last_update
    if not isinstance(access, GuestAccess) or not isinstance(answered.reply, Accessed):
        return False
    tables = list(answered.candidates)
    if last is not None and last.change is Change.MOVE and last.before is not None:
        tables.append(last.before)
    return any(
        moved(slot, table) for slot in slots_at(access, tables) for table in tables
    )


def the_page_of_either_base(facts: Facts, answered: Answered) -> str:
    access = answered.operation
    if not isinstance(access, GuestAccess):
        return ""
    slots = slots_at(access, answered.candidates)
    pages = {f"{s.hva_of(access.gfn):#x}" for s in slots if not s.invalid}
    return f"the page at hva {' or '.join(sorted(pages))}" if pages else "no memory"


@clause(
    id="MOVE-5",
    title="A move never shows another page",
    must="During a move and after it, an access to the slot's old or new frames MUST "
    "reach no page but one that a slot defines there, in a table that it may have met.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1805, kvm_move_memslot(); 1752, "
        "kvm_invalidate_memslot(); "
        "tools/testing/selftests/kvm/set_memory_region_test.c tries it",
        last_read="2026-11-27",
        derived="each table of a move has the slot at its old frames, at its new "
        "ones, or INVALID, and a reader has one of them",
    ),
    rows=(43,),
    on=Answered,
    premise=reaches_a_moved_frame,
    expected=the_page_of_either_base,
    operations=("GuestAccess",),
)
def never_another_page(facts: Facts, answered: Answered) -> bool:
    return answered.explained


def overlaps_itself(facts: Facts, move: SoundMove) -> bool:
    old, region = move.old, move.region
    return overlaps(old.base, old.npages, region.base, region.npages)


def the_move(facts: Facts, move: SoundMove) -> str:
    return f"the slot moved to gfn {move.region.base:#x}: it meets only itself there"


@clause(
    id="MOVE-6",
    title="A move may overlap its own old range",
    must="A move whose new range meets only the slot's own old one, and with which "
    "nothing else is wrong, MUST be accepted.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1923, kvm_check_memslot_overlap(): skips its "
        "own id",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=("REQ-28",),
        because="a move that meets itself alone is faultless",
    ),
    rows=(45,),
    on=SoundMove,
    premise=overlaps_itself,
    expected=the_move,
)
def onto_itself(facts: Facts, move: SoundMove) -> bool:
    return isinstance(move.reply, Done)


def changes_log_dirty(facts: Facts, move: SoundMove) -> bool:
    return move.old.log_dirty != move.region.log_dirty


def move_and_flag(facts: Facts, move: SoundMove) -> str:
    word = "logging" if move.region.log_dirty else "not logging"
    return f"the slot moved to gfn {move.region.base:#x}, and {word}"


def what_became_of_it(facts: Facts, move: SoundMove) -> str:
    words, old = describe_reply(move.reply), move.old
    if move.after is None:
        return words
    return f"{words}: {describe_at(move.after, old.as_id, old.id)}"


@clause(
    id="MOVE-7",
    title="A move may change LOG_DIRTY as well",
    must="A move that changes LOG_DIRTY in the same request, and with which nothing "
    "is wrong, MUST do both.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2011, __kvm_set_memory_region(): KVM_MR_MOVE "
        "with other flags",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=("REQ-28", "SLOT-9"),
        because="the move is faultless, and where points tell what a request "
        "has left, that is asked of every one",
    ),
    rows=(45,),
    on=SoundMove,
    premise=changes_log_dirty,
    expected=move_and_flag,
    observed=what_became_of_it,
)
def toggles_too(facts: Facts, move: SoundMove) -> bool:
    if move.after is None:  # points do not tell, and the reply has to do
        return isinstance(move.reply, Done)
    region, slot = move.region, target_of(move.after, move.region)
    return (
        isinstance(move.reply, Done)
        and slot is not None
        and (slot.base, slot.log_dirty) == (region.base, region.log_dirty)
    )


CLAUSES: tuple[AnyClause, ...] = (
    arrays_for_base,
    never_another_page,
    onto_itself,
    toggles_too,
)
