"""Cached MMIO: in an spte for everybody, and in each vCPU for itself.

An access that found no slot is cached as MMIO, so that the next one need not look
it up. What is cached is as good as a lookup only while the table that it was made
from is the one that a lookup would load.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.caches.generations import a_hit, a_miss, named
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import MmioCached, MmioPlace
from memslot_spec.known import Known
from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.readers import gfn_to_memslot, serves
from memslot_spec.model.replies import Mmio
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.caches import AccessHit, EntryHit
from memslot_spec.moments.replies import Answered


def is_backed_by_now(facts: Facts, answered: Answered) -> bool:
    """The frame was MMIO once, and has a slot in every table that it may have met."""
    access = answered.operation
    return (
        isinstance(access, GuestAccess)
        and (access.gfn, access.as_id) in facts.cached.mmio
        and all(_serves(facts, table, access) for table in answered.candidates)
    )


def _serves(facts: Facts, table: SlotTable, access: GuestAccess) -> bool:
    """The table has memory of a user slot for the access."""
    slot = gfn_to_memslot(table, access.gfn, access.as_id)
    if slot is None or slot.id >= facts.limits.user_slots:
        return False
    return serves(slot, access)


@clause(
    id="CACHE-1",
    title="What was MMIO is memory once a slot is there",
    must="A guest access to a frame that was MMIO MUST NOT exit to user space as MMIO "
    "once a valid slot covers the frame, unless it is a write and the slot READONLY.",
    known=Known(
        read="6.1 Documentation/virt/kvm/x86/mmu.rst:454, fast invalidation of MMIO "
        "sptes",
        last_read="2026-11-27",
    ),
    rows=(64,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=is_backed_by_now,
    expected="memory: a slot covers the frame by now",
    operations=("GuestAccess",),
)
def is_memory_by_now(facts: Facts, answered: Answered) -> bool:
    return not isinstance(answered.reply, Mmio)


def a_lookup(facts: Facts, hit: AccessHit) -> str:
    return (
        "a lookup" if hit.slot is None else f"a lookup, which finds slot {hit.slot.id}"
    )


@clause(
    id="CACHE-2",
    title="Cached MMIO says what its table says",
    must="What is cached MUST NOT make an access MMIO where the table whose "
    "generation it was compared with has a slot for the access.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:307, check_mmio_spte(); "
        "arch/x86/kvm/x86.h:250, vcpu_match_mmio_gpa()",
        last_read="2026-11",
    ),
    rows=(64,),
    profiles=ONLY_LINUX,
    on=AccessHit,
    expected=a_lookup,
    points=("TableLoaded", "TablePublished"),
)
def hit_is_a_lookup(facts: Facts, hit: AccessHit) -> bool:
    slot = hit.slot
    # A write to a READONLY slot is MMIO by a lookup as well.
    return slot is None or (slot.readonly and hit.access.write and not slot.invalid)


def is_made_from_a_numbered_table(facts: Facts, event: MmioCached) -> bool:
    generation = facts.generations.of(event.table, event.as_id)
    return generation.number >= 0 and not generation.in_progress


def the_tables_number(facts: Facts, event: MmioCached) -> str:
    number = facts.generations.of(event.table, event.as_id).number
    return f"MMIO cached under {named(number)}, which the table that was read has"


def cached_under(facts: Facts, event: MmioCached) -> str:
    frame = f"gfn {event.gfn:#x} cached as MMIO"
    return f"{frame} under the bits of {named(event.generation)}"


@clause(
    id="CACHE-3",
    title="Cached MMIO has the number of the table it is from",
    must="What is cached from a table MUST be stored under the generation of that "
    "table, not of a newer one: under as many of its lowest bits as there is room for.",
    known=Known(
        read="commits ee3d1570b586, 34c0f6f2695a; 6.1 arch/x86/kvm/mmu/spte.c:73, "
        "make_mmio_spte()",
        last_read="2026-11-27",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=MmioCached,
    premise=is_made_from_a_numbered_table,
    expected=the_tables_number,
    observed=cached_under,
    points=("GenerationSet",),
)
def stamped_by_its_table(facts: Facts, event: MmioCached) -> bool:
    number = facts.generations.of(event.table, event.as_id).number
    return facts.generations.has_bits_of(event, number)


def is_a_vcpus_made_at_rest(facts: Facts, hit: EntryHit) -> bool:
    is_a_vcpus = hit.place is MmioPlace.VCPU
    return is_a_vcpus and not any(made.in_progress for made in hit.cached)


@clause(
    id="CACHE-4",
    title="A vCPU's cached MMIO is held to its number",
    must="A vCPU MUST NOT use what it has cached of MMIO under another generation than "
    "it cached it under.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.h:222, vcpu_match_mmio_gen(); commit 56f17dd3fbc4",
        last_read="2026-11",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=EntryHit,
    premise=is_a_vcpus_made_at_rest,
    expected=a_miss,
    observed=a_hit,
    points=("GenerationSet", "MmioCached"),
)
def vcpu_holds_to_number(facts: Facts, hit: EntryHit) -> bool:
    return any(made.number == hit.current.number for made in hit.cached)


def is_a_vcpus(facts: Facts, event: MmioCached) -> bool:
    return event.place is MmioPlace.VCPU


@clause(
    id="CACHE-5",
    title="A vCPU caches no MMIO during an update",
    must="A vCPU MUST NOT cache MMIO from a table that is marked in progress.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.h:209, vcpu_cache_mmio_info(); commit ddfd1730fd82",
        last_read="2026-11",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=MmioCached,
    premise=is_a_vcpus,
    expected="nothing cached: the table is marked in progress",
    observed=cached_under,
    points=("GenerationSet",),
)
def vcpu_waits(facts: Facts, event: MmioCached) -> bool:
    return not facts.generations.of(event.table, event.as_id).in_progress


CLAUSES: tuple[AnyClause, ...] = (
    is_memory_by_now,
    hit_is_a_lookup,
    stamped_by_its_table,
    vcpu_holds_to_number,
    vcpu_waits,
)
