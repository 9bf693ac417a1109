"""Generations: a number for each table that no cache can take for another's.

A new table keeps the number of the one before, with a mark, until nobody reads
that one any more. Then it gets a number of its own. What is remembered under a
number is good for the table that has it, and for no other.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import GenerationSet, MmioHit, MmioPlace
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.profile import ONLY_LINUX

SWAP = "kvm_swap_active_memslots()"


def _is_own_number(facts: Facts, event: GenerationSet) -> bool:
    """A published table gets a number without the mark."""
    return not event.in_progress and event.table in facts.generations.published


def _swaps_back(facts: Facts, event: GenerationSet) -> bool:
    """The thread's request has put back what it had marked INVALID."""
    update = facts.update_of(event.thread)
    return (
        update is not None
        and update.takes_slot_away
        and len(update.published) > 1
        and facts.tables.current == update.base
    )


def numbers_a_table(facts: Facts, event: GenerationSet) -> bool:
    """A table gets a number of its own, and is not one that is swapped back."""
    return _is_own_number(facts, event) and not _swaps_back(facts, event)


def is_new(facts: Facts, event: GenerationSet) -> bool:
    """No table of any address space had the number."""
    return event.generation not in facts.generations.used


def expects_new(facts: Facts, event: GenerationSet) -> str:
    """Another one."""
    used = max(facts.generations.used, default=0)
    return f"a number that no table had, such as {used + event.as_id + 1}"


Kept = tuple[
    Callable[[Facts, GenerationSet], bool], Callable[[Facts, GenerationSet], str]
]
"""What has to hold, and the words for it."""


def _number(
    name: str,
    *,
    title: str,
    must: str,
    source: str,
    rows: tuple[int, ...],
    premise: Callable[[Facts, GenerationSet], bool],
    kept: Kept = (is_new, expects_new),
    points: tuple[str, ...] = ("TablePublished",),
) -> AnyClause:
    """A clause on the number that a table gets when its update is over."""
    holds, expected = kept
    return Clause(
        id=name,
        title=title,
        must=must,
        source=source,
        rows=rows,
        profiles=ONLY_LINUX,
        on=GenerationSet,
        premise=premise,
        holds=holds,
        expected=expected,
        points=points,
    )


UNIQUE = _number(
    "GEN-1",
    title="Every table has a number of its own",
    must=(
        "Each published table MUST get a generation that no table of any address "
        "space had before."
    ),
    source=f"kvm_host.h, on KVM_MEMSLOT_GEN_UPDATE_IN_PROGRESS; {SWAP}",
    rows=(63,),
    premise=numbers_a_table,
)


def publishes(facts: Facts, event: TablePublished) -> bool:
    """Any publication."""
    return True


@clause(
    id="GEN-2",
    title="A table is marked when readers can load it",
    must="A table MUST be marked in progress before it is published.",
    source=SWAP,
    rows=(63,),
    profiles=ONLY_LINUX,
    on=TablePublished,
    premise=publishes,
    expected="a generation that is marked in progress, before readers can load it",
    points=("GenerationSet",),
)
def marked(facts: Facts, event: TablePublished) -> bool:
    return facts.generations.of(event.table, event.as_id).in_progress


def takes_the_mark_off(facts: Facts, event: GenerationSet) -> bool:
    """A published table loses the mark."""
    return _is_own_number(facts, event)


def old_readers_are_gone(facts: Facts, event: GenerationSet) -> bool:
    """A grace period that began after the table was published has ended."""
    published = facts.generations.published[event.table]
    return facts.sections.full_period_since(published)


def expects_grace_period(facts: Facts, event: GenerationSet) -> str:
    """The mark, until then."""
    return "the mark until a grace period after the publication has ended"


MARKED_UNTIL_GONE = _number(
    "GEN-3",
    title="The mark stays while the old table is read",
    must=(
        "A table MUST stay marked in progress until a grace period that began after "
        "its publication has ended."
    ),
    source=f"{SWAP}; commit ee3d1570b586",
    rows=(63,),
    premise=takes_the_mark_off,
    kept=(old_readers_are_gone, expects_grace_period),
    points=("TablePublished", "GracePeriodBegun", "GracePeriodEnded"),
)


def caches_are_ready(facts: Facts, event: GenerationSet) -> bool:
    """The caches were made ready for this number, after the publication."""
    return facts.generations.updated.get(event.thread) == event.generation


def expects_caches_ready(facts: Facts, event: GenerationSet) -> str:
    """The one before the other."""
    return f"the caches made ready for {event.generation} before it can be seen"


CACHES_FIRST = _number(
    "GEN-4",
    title="Caches are ready before a number can be seen",
    must=(
        "What is cached MUST be made ready for a generation before that generation "
        "is stored in the table."
    ),
    source="commit 152482580a1b",
    rows=(64,),
    premise=takes_the_mark_off,
    kept=(caches_are_ready, expects_caches_ready),
    points=("TablePublished", "CachesUpdated"),
)


def numbers_a_table_swapped_back(facts: Facts, event: GenerationSet) -> bool:
    """The table that a failed request puts back gets its number."""
    return _is_own_number(facts, event) and _swaps_back(facts, event)


UNIQUE_AFTER_FAILURE = _number(
    "GEN-5",
    title="What a failed request puts back has a new number",
    must=(
        "A table that a failed request swaps back MUST get a generation that no "
        "table had before, though its slots are those of an earlier one."
    ),
    source="kvm_set_memslot(), kvm_activate_memslot() on its way out",
    rows=(63, 65),
    premise=numbers_a_table_swapped_back,
)


def was_made_in_progress(facts: Facts, event: MmioHit) -> bool:
    """Some entry for the frame was made while an update was open."""
    return any(g.in_progress for g in facts.generations.behind(event))


def hits_an_spte(facts: Facts, event: MmioHit) -> bool:
    """An access was taken for MMIO by an entry among the sptes, made at rest."""
    return (
        event.place is MmioPlace.SPTE
        and bool(facts.generations.behind(event))
        and not was_made_in_progress(facts, event)
    )


def expects_same_number(facts: Facts, event: MmioHit) -> str:
    """The numbers, whole."""
    held = facts.generations.of(event.table, event.as_id).number
    made = sorted({g.number for g in facts.generations.behind(event)})
    return f"an entry made under {held}; there are only those made under {made}"


@clause(
    id="GEN-6",
    title="Entries do not outlive the bits they hold",
    must="An entry among the sptes MUST NOT hit under another generation than it was "
    "made under, though the bits that it holds of the two be equal.",
    source="kvm_mmu_invalidate_mmio_sptes(), for every address space",
    rows=(64,),
    profiles=ONLY_LINUX,
    on=MmioHit,
    premise=hits_an_spte,
    expected=expects_same_number,
    points=("GenerationSet", "MmioCached"),
)
def dropped_on_wrap(facts: Facts, event: MmioHit) -> bool:
    held = facts.generations.of(event.table, event.as_id)
    return any(g.number == held.number for g in facts.generations.behind(event))


@clause(
    id="GEN-7",
    title="An entry made during an update never hits",
    must="An entry made from a table that was marked in progress MUST NOT ever hit.",
    source="Documentation/virt/kvm/x86/mmu.rst, on MMIO; check_mmio_spte()",
    rows=(63,),
    profiles=ONLY_LINUX,
    on=MmioHit,
    premise=was_made_in_progress,
    expected="a miss: the entry that may hit was made while an update was open",
    points=("GenerationSet", "MmioCached"),
)
def never_hits(facts: Facts, event: MmioHit) -> bool:
    number = facts.generations.of(event.table, event.as_id).number
    return any(
        g.number == number and not g.in_progress
        for g in facts.generations.behind(event)
    )


CLAUSES: tuple[AnyClause, ...] = (
    UNIQUE,
    marked,
    MARKED_UNTIL_GONE,
    CACHES_FIRST,
    UNIQUE_AFTER_FAILURE,
    dropped_on_wrap,
    never_hits,
)
