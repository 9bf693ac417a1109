"""Every clause, in the order in which the pages show them.

Ids are permanent: a clause that goes leaves a gap, and its id is not given out
again.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import (
    delete,
    dirty_clears,
    dirty_log,
    dirty_memory,
    dirty_tracking,
    errors,
    generations,
    host_ranges,
    hva_caches,
    live_slot,
    lookup,
    lookup_hints,
    mmio_caches,
    move,
    move_pages,
    overlap,
    progress,
    request,
    resources,
    rmap,
    shadow_pages,
    sizing,
    spaces,
    srcu_lifetime,
    srcu_locking,
    srcu_readers,
    table,
    tlb,
    translation,
    window,
    window_access,
)


def _by_number(*clauses: AnyClause) -> tuple[AnyClause, ...]:
    """The clauses of one area in the order of their ids."""
    return tuple(sorted(clauses, key=lambda clause: int(clause.id.split("-")[1])))


GROUPS: tuple[tuple[str, tuple[AnyClause, ...]], ...] = (
    (
        "Request validation",
        (*request.CLAUSES, *live_slot.CLAUSES, *overlap.CLAUSES),
    ),
    ("Slot table", (*table.CLAUSES, *spaces.CLAUSES)),
    (
        "Lookup",
        _by_number(*lookup.CLAUSES, *translation.CLAUSES, *lookup_hints.SEARCH_CLAUSES),
    ),
    (
        "Readers under SRCU",
        _by_number(
            *srcu_readers.CLAUSES, *srcu_lifetime.CLAUSES, *srcu_locking.CLAUSES
        ),
    ),
    (
        "Two-step delete",
        (*delete.CLAUSES, *window.CLAUSES, *window_access.CLAUSES),
    ),
    ("Move", (*move.CLAUSES, *move_pages.CLAUSES)),
    ("Shadow pages", (*shadow_pages.CLAUSES, *tlb.CLAUSES)),
    ("Reverse maps and host events", (*rmap.CLAUSES, *host_ranges.CLAUSES)),
    (
        "Dirty log",
        _by_number(
            *dirty_tracking.CLAUSES,
            *dirty_memory.CLAUSES,
            *dirty_log.CLAUSES,
            *dirty_clears.CLAUSES,
        ),
    ),
    ("Sizing and TSS", sizing.CLAUSES),
    ("Generations", generations.CLAUSES),
    (
        "Caches",
        (*mmio_caches.CLAUSES, *hva_caches.CLAUSES, *lookup_hints.HINT_CLAUSES),
    ),
    ("Errors", (*errors.CLAUSES, *resources.CLAUSES)),
    ("Progress", progress.CLAUSES),
)

CLAUSES: tuple[AnyClause, ...] = tuple(
    clause for _, clauses in GROUPS for clause in clauses
)


def clause_by_id(clause_id: str) -> AnyClause:
    """The clause of this id. Errors: `KeyError` names it."""
    for clause in CLAUSES:
        if clause.id == clause_id:
            return clause
    raise KeyError(clause_id)
