"""Who judges the points of slot tables, and of the lock on updates."""

from __future__ import annotations

from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.judges.row import (
    ANY_TIME,
    ANYBODY,
    NOTHING,
    Row,
    by,
    hole,
    nobody,
    point,
)

ROWS: tuple[Row, ...] = (
    point(
        TableLoaded,
        who=nobody("a load does no harm; each read out of the table is judged"),
        says=by("SRCU-6", "SRCU-7"),
        not_before=ANY_TIME,
        latest=by("SRCU-18"),
        often=by("SRCU-1"),
        holes=("two tables are loaded, and an older one answers",),
    ),
    point(
        TableRead,
        who=by("SRCU-15"),
        says=nobody("a field's name is the target's own"),
        not_before=ANY_TIME,
        latest=by("SRCU-3"),
        often=by("TSS-2"),
    ),
    point(
        TableWritten,
        who=nobody("whoever makes the table"),
        says=by("SLOT-7"),
        not_before=ANY_TIME,
        latest=by("SLOT-7"),
        often=nobody("as often as it takes to make the table"),
    ),
    point(
        TablePublished,
        who=by("SRCU-9"),
        says=by(
            "SLOT-1",
            "SLOT-2",
            "SLOT-3",
            "SLOT-6",
            "DEL-1",
            "MOVE-1",
            "MOVE-4",
            "DIRTY-27",
        ),
        not_before=by(
            "DEL-2",
            "DEL-3",
            "DEL-4",
            "MOVE-2",
            "MOVE-3",
            "MMU-10",
            "HVA-6",
            "GEN-2",
        ),
        latest=by("SLOT-9", "REQ-8", "REQ-17", "ERR-1", "ERR-5"),
        often=hole("one table is published twice"),
        holes=(
            "a table that no request publishes changes slots, or nobody holds the lock",
            "what is attached to a published slot is left out",
        ),
    ),
    point(
        TableReclaimed,
        who=ANYBODY,
        says=NOTHING,
        not_before=by("SRCU-2", "SRCU-4"),
        latest=by("SRCU-20"),
        often=hole("a table is reclaimed twice"),
    ),
    point(
        UpdateLocked,
        who=by("SRCU-8", "SRCU-10"),
        says=NOTHING,
        not_before=ANY_TIME,
        latest=by("SRCU-9", "SRCU-15"),
        often=by("SRCU-8"),
    ),
    point(
        UpdateUnlocked,
        who=hole("a thread gives the lock back that it does not hold"),
        says=NOTHING,
        not_before=by("SRCU-9", "SRCU-15"),
        latest=by("PROG-1"),
        often=hole("the lock is given back twice"),
    ),
)
