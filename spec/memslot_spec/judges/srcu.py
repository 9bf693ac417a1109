"""Who judges the points of SRCU: sections, grace periods, and what is done inside."""

from __future__ import annotations

from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    GuestEntered,
    IndexFlipped,
    Retried,
    SectionEntered,
    SectionEntering,
    SectionLeft,
    Slept,
)
from memslot_spec.judges.row import (
    ANY_TIME,
    ANYBODY,
    AS_OFTEN,
    NOTHING,
    UNBOUNDED,
    Row,
    by,
    hole,
    nobody,
    not_asked,
    point,
)

ROWS: tuple[Row, ...] = (
    not_asked(
        SectionEntering,
        "a step inside srcu_read_lock(): SRCU-5 judges what comes of it",
    ),
    point(
        SectionEntered,
        who=ANYBODY,
        says=by("SRCU-5", "SRCU-12", "SRCU-30"),
        not_before=ANY_TIME,
        latest=by("SRCU-17"),
        often=nobody("sections of one thread may lie in each other"),
    ),
    point(
        SectionLeft,
        who=by("SRCU-30"),
        says=by("SRCU-5", "SRCU-12", "SRCU-30"),
        not_before=ANY_TIME,
        latest=by(
            "SRCU-10",
            "SRCU-11",
            "SRCU-12",
            "SRCU-13",
            "SRCU-14",
            "SRCU-19",
            "SRCU-31",
        ),
        often=by("SRCU-30"),
    ),
    point(
        GracePeriodBegun,
        who=by("SRCU-11", "SRCU-28"),
        says=NOTHING,
        not_before=by("SRCU-27", "SRCU-28"),
        latest=by("SRCU-4", "DEL-2", "DEL-3", "MOVE-2", "GEN-3"),
        often=AS_OFTEN,
    ),
    not_asked(
        IndexFlipped,
        "a step inside synchronize_srcu(): SRCU-5 judges what comes of it",
    ),
    point(
        GracePeriodEnded,
        who=nobody("whoever waits"),
        says=NOTHING,
        not_before=by("SRCU-5"),
        latest=by("PROG-1", "PROG-2"),
        often=nobody("whoever waited goes on"),
    ),
    point(
        DomainDestroyed,
        who=nobody("the last operation of a VM, of which there is one"),
        says=NOTHING,
        not_before=by("SRCU-16", "SRCU-17"),
        latest=hole("a VM ends, and its domain is never destroyed: it may come later"),
        often=by("SRCU-23"),
    ),
    point(
        Slept,
        who=by("SRCU-13"),
        says=nobody("whom it waits for is the target's word"),
        not_before=ANY_TIME,
        latest=UNBOUNDED,
        often=AS_OFTEN,
    ),
    point(
        GuestEntered,
        who=by("SRCU-12"),
        says=NOTHING,
        not_before=ANY_TIME,
        latest=UNBOUNDED,
        often=AS_OFTEN,
    ),
    point(
        Retried,
        who=by("SRCU-19"),
        says=NOTHING,
        not_before=nobody("that its slot is INVALID is judged by the reply"),
        latest=UNBOUNDED,
        often=nobody(
            "an unfair lock may starve a fault: nobody says how often at most"
        ),
    ),
)
