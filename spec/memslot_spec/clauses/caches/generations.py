"""Generations: a number for each table that no cache can take for another's.

A new table keeps the number of the one before, with a mark, until nobody reads
that one any more. Then it gets a number of its own. What is cached under a number
is good for the table that has it, and for no other.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import MmioPlace
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.moments.caches import EntryHit, TableNumbered


def is_not_put_back(facts: Facts, numbered: TableNumbered) -> bool:
    return not numbered.put_back


def named(number: int) -> str:
    """A generation; that of a table which the VM was born with may be unknown."""
    return f"generation {number}" if number >= 0 else "the VM's first generation"


def another_number(facts: Facts, numbered: TableNumbered) -> str:
    used = max(facts.generations.used, default=0)
    return f"a number that no table had, such as {used + numbered.event.as_id + 1}"


@clause(
    id="GEN-1",
    title="Every table has a number of its own",
    must="Each published table MUST get a generation that no table of any address "
    "space had before.",
    known=Known(
        read="6.1 include/linux/kvm_host.h:78, on KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS; "
        "virt/kvm/kvm_main.c:1610, kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=TableNumbered,
    premise=is_not_put_back,
    expected=another_number,
    points=("TablePublished",),
)
def is_new(facts: Facts, numbered: TableNumbered) -> bool:
    return numbered.event.generation not in facts.generations.used


def not_marked(facts: Facts, event: TablePublished) -> str:
    number = facts.generations.of(event.table, event.as_id).number
    return f"published with {named(number)}, which is not marked in progress"


@clause(
    id="GEN-2",
    title="A table is marked when readers can load it",
    must="A table MUST be marked in progress before it is published.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1567, kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=TablePublished,
    expected="a generation that is marked in progress, before readers can load it",
    observed=not_marked,
    points=("GenerationSet",),
)
def marked(facts: Facts, event: TablePublished) -> bool:
    return facts.generations.of(event.table, event.as_id).in_progress


def without_the_mark(facts: Facts, numbered: TableNumbered) -> str:
    number = named(numbered.event.generation)
    return f"{number} stored, without the mark, before such a grace period has ended"


@clause(
    id="GEN-3",
    title="The mark stays while the old table is read",
    must="A table MUST stay marked in progress until a grace period that began after "
    "its publication has ended.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1593, kvm_swap_active_memslots(); commit "
        "ee3d1570b586",
        last_read="2026-11",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=TableNumbered,
    expected="the mark kept until a grace period after the publication has ended",
    observed=without_the_mark,
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)
def marked_while_read(facts: Facts, numbered: TableNumbered) -> bool:
    return facts.sections.full_period_since(numbered.published_at)


def caches_made_ready(facts: Facts, numbered: TableNumbered) -> str:
    number = named(numbered.event.generation)
    return f"the caches made ready for {number} before it is stored in the table"


def caches_not_ready(facts: Facts, numbered: TableNumbered) -> str:
    ready = facts.generations.updated.get(numbered.event.thread, -1)
    return f"it is stored; the caches were made ready for {named(ready)}"


@clause(
    id="GEN-4",
    title="Caches are ready before a number can be seen",
    must="What is cached MUST be made ready for a generation before that generation "
    "is stored in the table.",
    known=Known(
        read="commit 152482580a1b; 6.1 virt/kvm/kvm_main.c:1612, "
        "kvm_swap_active_memslots()",
        last_read="2026-11",
    ),
    rows=(64,),
    profiles=ONLY_LINUX,
    on=TableNumbered,
    expected=caches_made_ready,
    observed=caches_not_ready,
    points=("TablePublished", "CachesUpdated"),
)
def caches_first(facts: Facts, numbered: TableNumbered) -> bool:
    event = numbered.event
    return facts.generations.updated.get(event.thread) == event.generation


def is_put_back(facts: Facts, numbered: TableNumbered) -> bool:
    return numbered.put_back


@clause(
    id="GEN-5",
    title="What a failed request puts back has a new number",
    must="A table that a failed request swaps back MUST get a generation that no "
    "table had before, though its slots are those of an earlier one.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1877, kvm_set_memslot(): kvm_activate_memslot()",
        last_read="2026-11",
    ),
    rows=(63, 65),
    profiles=ONLY_LINUX,
    on=TableNumbered,
    premise=is_put_back,
    expected=another_number,
    points=("TablePublished",),
)
def is_new_after_failure(facts: Facts, numbered: TableNumbered) -> bool:
    return numbered.event.generation not in facts.generations.used


def was_cached_during_an_update(facts: Facts, hit: EntryHit) -> bool:
    return any(generation.in_progress for generation in hit.cached)


def is_an_spte_made_at_rest(facts: Facts, hit: EntryHit) -> bool:
    return hit.place is MmioPlace.SPTE and not was_cached_during_an_update(facts, hit)


def a_miss(facts: Facts, hit: EntryHit) -> str:
    return f"a miss: the table has {named(hit.current.number)}"


def a_hit(facts: Facts, hit: EntryHit) -> str:
    made = sorted({named(generation.number) for generation in hit.cached})
    return f"a hit on what was cached under {' or '.join(made)}"


@clause(
    id="GEN-6",
    title="MMIO sptes do not outlive the bits they hold",
    must="An MMIO spte MUST NOT hit under another generation than it was made under, "
    "also where the bits that it holds of both are the same.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:6558, kvm_mmu_invalidate_mmio_sptes(), for "
        "every address space",
        last_read="2026-11",
    ),
    rows=(64,),
    profiles=ONLY_LINUX,
    on=EntryHit,
    premise=is_an_spte_made_at_rest,
    expected=a_miss,
    observed=a_hit,
    points=("GenerationSet", "MmioCached"),
)
def dropped_on_wrap(facts: Facts, hit: EntryHit) -> bool:
    return any(made.number == hit.current.number for made in hit.cached)


@clause(
    id="GEN-7",
    title="MMIO cached during an update never hits",
    must="What was cached from a table that was marked in progress MUST NOT hit, then "
    "or later.",
    known=Known(
        read="Documentation/virt/kvm/x86/mmu.rst, on MMIO; 6.1 "
        "arch/x86/kvm/mmu/mmu.c:312, check_mmio_spte()",
        last_read="2026-11",
    ),
    rows=(63,),
    profiles=ONLY_LINUX,
    on=EntryHit,
    premise=was_cached_during_an_update,
    expected="a miss: what may have hit was cached while an update was open",
    points=("GenerationSet", "MmioCached"),
)
def never_hits(facts: Facts, hit: EntryHit) -> bool:
    # One that was made at rest, and under this number, may be what hit.
    return any(
        made.number == hit.current.number and not made.in_progress
        for made in hit.cached
    )


CLAUSES: tuple[AnyClause, ...] = (
    is_new,
    marked,
    marked_while_read,
    caches_first,
    is_new_after_failure,
    dropped_on_wrap,
    never_hits,
)
