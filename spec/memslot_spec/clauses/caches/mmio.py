"""What is remembered of MMIO: in an spte for everybody, and by each vCPU.

An access that found no slot leaves a note, so that the next one need not look.
The note is as good as a lookup only while the table that it was made from is the
one that a lookup would load.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import MmioCached, MmioHit, MmioPlace
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import gfn_to_memslot
from memslot_spec.model.replies import Mmio
from memslot_spec.model.values import Slot
from memslot_spec.moments.replies import Answered


def is_backed_by_now(facts: Facts, answered: Answered) -> bool:
    """The frame was MMIO once, and has a slot in every table that may be meant."""
    access = answered.operation
    return (
        isinstance(access, GuestAccess)
        and (access.gfn, access.as_id) in facts.cached.mmio
        and bool(answered.candidates)
        and all(
            _serves(gfn_to_memslot(table, access.gfn, access.as_id), access)
            for table in answered.candidates
        )
    )


def _serves(slot: Slot | None, access: GuestAccess) -> bool:
    """The access can reach the memory of the slot."""
    if slot is None or slot.invalid:
        return False
    return not (slot.readonly and access.write)


@clause(
    id="CACHE-1",
    title="What was MMIO is memory once a slot is there",
    must="A guest access to a frame that was MMIO MUST NOT leave as MMIO once a valid "
    "slot covers the frame.",
    source="Documentation/virt/kvm/x86/mmu.rst, fast invalidation of MMIO sptes",
    rows=(64,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=is_backed_by_now,
    expected="memory: a slot covers the frame by now",
    operations=("GuestAccess",),
)
def note_is_forgotten(facts: Facts, answered: Answered) -> bool:
    return not isinstance(answered.reply, Mmio)


def hits(facts: Facts, event: MmioHit) -> bool:
    """Any access that was taken for MMIO without a lookup."""
    known = facts.calls.get(event.thread)
    return known is not None and isinstance(known.operation, GuestAccess)


def _slot_held_to(facts: Facts, event: MmioHit) -> Slot | None:
    """What a lookup finds in the table that the note was held to."""
    table = facts.tables.versions[facts.version(event.table)]
    return gfn_to_memslot(table, event.gfn, event.as_id)


def expects_a_miss(facts: Facts, event: MmioHit) -> str:
    """The lookup that should have been made."""
    slot = _slot_held_to(facts, event)
    return "a lookup" if slot is None else f"a lookup, which finds slot {slot.id}"


@clause(
    id="CACHE-2",
    title="A note says what its table says",
    must="An access MUST NOT be taken for MMIO because of a note where the table that "
    "the note is held to has a slot for it.",
    source="check_mmio_spte(), vcpu_match_mmio_gpa()",
    rows=(64,),
    profiles=ONLY_LINUX,
    on=MmioHit,
    premise=hits,
    expected=expects_a_miss,
    points=("TableLoaded", "TablePublished"),
)
def hit_is_a_lookup(facts: Facts, event: MmioHit) -> bool:
    slot = _slot_held_to(facts, event)
    known = facts.calls.get(event.thread)
    if slot is None or known is None or not isinstance(known.operation, GuestAccess):
        return slot is None
    return slot.readonly and known.operation.write and not slot.invalid


def is_made_from_a_numbered_table(facts: Facts, event: MmioCached) -> bool:
    """A note is made from a table of which the number is known, and no mark."""
    generation = facts.generations.of(event.table, event.as_id)
    return generation.number >= 0 and not generation.in_progress


def expects_the_tables_number(facts: Facts, event: MmioCached) -> str:
    """The number, whole."""
    number = facts.generations.of(event.table, event.as_id).number
    return f"the bits of {number}, the generation of the table that said MMIO"


@clause(
    id="CACHE-3",
    title="A note has the number of the table it is from",
    must="What is remembered of a table MUST be stored under the generation of that "
    "table, not of a newer one.",
    source="commit ee3d1570b586",
    rows=(63,),
    profiles=ONLY_LINUX,
    on=MmioCached,
    premise=is_made_from_a_numbered_table,
    expected=expects_the_tables_number,
    points=("GenerationSet",),
)
def stamped_by_its_table(facts: Facts, event: MmioCached) -> bool:
    number = facts.generations.of(event.table, event.as_id).number
    return facts.generations.has_bits_of(event, number)


def hits_a_vcpus_note(facts: Facts, event: MmioHit) -> bool:
    """A vCPU took the access for MMIO by what it remembered, and that at rest."""
    behind = facts.generations.behind(event)
    return (
        event.place is MmioPlace.VCPU
        and bool(behind)
        and not any(g.in_progress for g in behind)
    )


def expects_the_same_number(facts: Facts, event: MmioHit) -> str:
    """The number of the table."""
    held = facts.generations.of(event.table, event.as_id).number
    made = sorted({g.number for g in facts.generations.behind(event)})
    return f"a note made under {held}; there are only those made under {made}"


@clause(
    id="CACHE-4",
    title="A vCPU's note is held to its number",
    must="A vCPU MUST NOT use what it remembers of MMIO under another generation than "
    "it remembered it under.",
    source="vcpu_match_mmio_gen(); commit 56f17dd3fbc4",
    rows=(63,),
    profiles=ONLY_LINUX,
    on=MmioHit,
    premise=hits_a_vcpus_note,
    expected=expects_the_same_number,
    points=("GenerationSet", "MmioCached"),
)
def vcpu_holds_to_number(facts: Facts, event: MmioHit) -> bool:
    held = facts.generations.of(event.table, event.as_id)
    return any(g.number == held.number for g in facts.generations.behind(event))


def a_vcpu_remembers(facts: Facts, event: MmioCached) -> bool:
    """A vCPU takes a note."""
    return event.place is MmioPlace.VCPU


@clause(
    id="CACHE-5",
    title="A vCPU takes no note during an update",
    must="A vCPU MUST NOT remember MMIO from a table that is marked in progress.",
    source="vcpu_cache_mmio_info(); commit ddfd1730fd82",
    rows=(63,),
    profiles=ONLY_LINUX,
    on=MmioCached,
    premise=a_vcpu_remembers,
    expected="no note: the table is marked in progress",
    points=("GenerationSet",),
)
def vcpu_waits(facts: Facts, event: MmioCached) -> bool:
    return not facts.generations.of(event.table, event.as_id).in_progress


CLAUSES: tuple[AnyClause, ...] = (
    note_is_forgotten,
    hit_is_a_lookup,
    stamped_by_its_table,
    vcpu_holds_to_number,
    vcpu_waits,
)
