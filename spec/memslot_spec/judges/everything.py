"""All tables of judges, in the order of the book."""

from __future__ import annotations

from memslot_spec.judges import caches, dirty, host, mmu, operations, srcu, tables
from memslot_spec.judges.replies import OF_A_REPLY, OF_A_VIEW, REPLIES, VIEWS
from memslot_spec.judges.row import OF_A_POINT, Judges

POINTS: tuple[Judges, ...] = (
    Judges("Slot tables, and the lock on updates", OF_A_POINT, tables.ROWS),
    Judges("SRCU", OF_A_POINT, srcu.ROWS),
    Judges("The shadow MMU", OF_A_POINT, mmu.ROWS),
    Judges("The host", OF_A_POINT, host.ROWS),
    Judges("Dirty bitmaps", OF_A_POINT, dirty.ROWS),
    Judges("Generations and cached MMIO", OF_A_POINT, caches.ROWS),
)

JUDGES: tuple[Judges, ...] = (
    *POINTS,
    Judges("Replies", OF_A_REPLY, REPLIES),
    Judges("Views", OF_A_VIEW, VIEWS),
    Judges("Operations", operations.OF_AN_OPERATION, operations.rows()),
)
