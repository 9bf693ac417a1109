"""Who judges the points of the host: invalidations, TLBs, its pages, slots' arrays."""

from __future__ import annotations

from memslot_spec.history.points.host import (
    HostPageDirtied,
    HostPageFound,
    InvalidationBegun,
    InvalidationEnded,
    MetadataAllocated,
    MetadataFreed,
    TlbFlushed,
)
from memslot_spec.judges.row import (
    ANY_TIME,
    ANYBODY,
    AS_OFTEN,
    NOTHING,
    Row,
    by,
    hole,
    nobody,
    point,
)

ROWS: tuple[Row, ...] = (
    point(
        InvalidationBegun,
        who=nobody("the host"),
        says=by("HVA-5", "HVA-17", "MMU-18"),
        not_before=ANY_TIME,
        latest=by("HVA-13"),
        often=AS_OFTEN,
    ),
    point(
        InvalidationEnded,
        who=nobody("the host"),
        says=by("HVA-17"),
        not_before=by("HVA-6", "MMU-18", "MMU-19"),
        latest=by("HVA-17"),
        often=by("HVA-16"),
    ),
    point(
        TlbFlushed,
        who=ANYBODY,
        says=NOTHING,
        not_before=ANY_TIME,
        latest=by("MMU-6", "MMU-8", "MMU-9", "MMU-10", "MMU-11", "MMU-23"),
        often=nobody("one too many costs time alone"),
    ),
    point(
        HostPageFound,
        who=ANYBODY,
        says=hole("it is another page than the fault maps: a prefetch finds others"),
        not_before=ANY_TIME,
        latest=by("HVA-8"),
        often=AS_OFTEN,
    ),
    point(
        HostPageDirtied,
        who=ANYBODY,
        says=by("DIRTY-3"),
        not_before=ANY_TIME,
        latest=by("DIRTY-3"),
        often=nobody("a page may be told of again"),
    ),
    point(
        MetadataAllocated,
        who=ANYBODY,
        says=by("MOVE-4", "SLOT-19"),
        not_before=ANY_TIME,
        latest=by("MOVE-4", "SLOT-17", "SRCU-29"),
        often=nobody("a move makes new ones; those that nobody has are to be freed"),
    ),
    point(
        MetadataFreed,
        who=by("ERR-4"),
        says=NOTHING,
        not_before=by("SLOT-16"),
        latest=by("ERR-3", "SLOT-15"),
        often=by("SLOT-14"),
    ),
)
