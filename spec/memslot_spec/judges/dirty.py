"""Who judges the points of dirty bitmaps."""

from __future__ import annotations

from memslot_spec.history.points.dirty import (
    BitmapAllocated,
    BitmapFreed,
    DirtyBitsCleared,
    DirtyBitSet,
)
from memslot_spec.judges.row import (
    ANY_TIME,
    ANYBODY,
    AS_OFTEN,
    NOTHING,
    Row,
    by,
    nobody,
    point,
)

ROWS: tuple[Row, ...] = (
    point(
        BitmapAllocated,
        who=ANYBODY,
        says=by("DIRTY-27", "DIRTY-23", "DIRTY-24"),
        not_before=ANY_TIME,
        latest=by("DIRTY-4"),
        often=nobody("a new log has a new bitmap"),
    ),
    point(
        BitmapFreed,
        who=by("ERR-4"),
        says=NOTHING,
        not_before=by("DIRTY-29"),
        latest=by("DIRTY-28", "ERR-3"),
        often=by("DIRTY-33"),
    ),
    point(
        DirtyBitSet,
        who=ANYBODY,
        says=by("DIRTY-1", "DIRTY-5", "DIRTY-7", "DIRTY-23"),
        not_before=ANY_TIME,
        latest=by("DIRTY-1", "DIRTY-4", "DIRTY-34"),
        often=AS_OFTEN,
    ),
    point(
        DirtyBitsCleared,
        who=by("DIRTY-4"),
        says=by("MMU-7"),
        not_before=ANY_TIME,
        latest=by("MMU-7"),
        often=AS_OFTEN,
    ),
)
