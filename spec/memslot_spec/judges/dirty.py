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
    hole,
    nobody,
    point,
)

ROWS: tuple[Row, ...] = (
    point(
        BitmapAllocated,
        who=ANYBODY,
        says=by("DIRTY-27"),
        not_before=ANY_TIME,
        latest=hole("a slot logs from now on, and has no bitmap"),
        often=nobody("a new log has a new bitmap"),
        holes=("a bitmap begins with other bits than the log does",),
    ),
    point(
        BitmapFreed,
        who=by("ERR-4"),
        says=NOTHING,
        not_before=by("DIRTY-29"),
        latest=by("DIRTY-28", "ERR-3"),
        often=hole("a bitmap is freed twice"),
    ),
    point(
        DirtyBitSet,
        who=ANYBODY,
        says=by("DIRTY-1", "DIRTY-5", "DIRTY-7", "DIRTY-23"),
        not_before=ANY_TIME,
        latest=by("DIRTY-1", "DIRTY-4"),
        often=AS_OFTEN,
    ),
    point(
        DirtyBitsCleared,
        who=hole("bits are cleared by somebody who reports them to nobody"),
        says=hole("other pages are cleared than it says; answers alone tell"),
        not_before=ANY_TIME,
        latest=by("MMU-7"),
        often=AS_OFTEN,
    ),
)
