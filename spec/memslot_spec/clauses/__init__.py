"""Every clause, in the order in which the pages show them.

Ids are permanent: a clause that goes leaves a gap, and its id is not given out
again.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import progress, sizing
from memslot_spec.clauses.caches import generations
from memslot_spec.clauses.caches import hva as hva_caches
from memslot_spec.clauses.caches import mmio as mmio_caches
from memslot_spec.clauses.delete import accesses as window_access
from memslot_spec.clauses.delete import steps as delete
from memslot_spec.clauses.delete import window
from memslot_spec.clauses.dirty import bitmaps as dirty_memory
from memslot_spec.clauses.dirty import clear as dirty_clears
from memslot_spec.clauses.dirty import log as dirty_log
from memslot_spec.clauses.dirty import tracking as dirty_tracking
from memslot_spec.clauses.errors import resources
from memslot_spec.clauses.errors import rollback as errors
from memslot_spec.clauses.host import ranges as host_ranges
from memslot_spec.clauses.host import rmap
from memslot_spec.clauses.lookup import hints as lookup_hints
from memslot_spec.clauses.lookup import lookup, translation
from memslot_spec.clauses.mmu import shadow_pages, tlb
from memslot_spec.clauses.move import pages as move_pages
from memslot_spec.clauses.move import steps as move
from memslot_spec.clauses.readers import lifetime as srcu_lifetime
from memslot_spec.clauses.readers import locking as srcu_locking
from memslot_spec.clauses.readers import snapshots as srcu_readers
from memslot_spec.clauses.requests import live_slot, overlap, refusals
from memslot_spec.clauses.tables import spaces, table


def _by_number(*clauses: AnyClause) -> tuple[AnyClause, ...]:
    """The clauses of one area in the order of their ids."""
    return tuple(sorted(clauses, key=lambda clause: int(clause.id.split("-")[1])))


GROUPS: tuple[tuple[str, tuple[AnyClause, ...]], ...] = (
    (
        "Request validation",
        _by_number(*refusals.CLAUSES, *live_slot.CLAUSES, *overlap.CLAUSES),
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
