"""Who judges each operation: computed, from what the clauses say of themselves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from memslot_spec.clause import AnyClause, Needs
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Observed
from memslot_spec.judges.row import Cell, Row, by, nobody
from memslot_spec.model.operations import Operation, SetRegion

OF_AN_OPERATION = ("from its reply", "from what is shown afterwards", "from points")
"""What an operation can be judged by."""

SHOWN = "what it does to shadow state, points tell"

BY_REPLY = nobody("it does nothing but answer; its reads are judged by their points")
ENDS = nobody("it answers nothing")

WHY_NONE: Mapping[tuple[str, Needs], Cell] = {
    **{
        (name, Needs.POINTS): BY_REPLY
        for name in (
            "GfnToMemslot",
            "GfnToHva",
            "GfnToHvaProt",
            "VcpuGfnToMemslot",
            "IsVisibleGfn",
            "MemslotId",
            "MmuPages",
            "InitHvaCache",
            "UseHvaCache",
            "EnableManualProtect",
            "ReadGuest",
            "WriteGuest",
        )
    },
    ("GetDirtyRange", Needs.POINTS): BY_REPLY,
    ("CountRmaps", Needs.CALLS): nobody("what there is to count, points alone tell"),
    ("CountRmaps", Needs.POINTS): nobody("RMAP-4 is asked at its point"),
    ("AllocateRoot", Needs.POINTS): nobody("what its root maps, sptes tell"),
    ("AgeHva", Needs.CALLS): nobody("A bits are set by faults, which points tell"),
    ("Halt", Needs.CALLS): ENDS,
    ("Halt", Needs.POINTS): nobody("SRCU-13 is asked at its point"),
    ("ReleaseNotifier", Needs.CALLS): ENDS,
    ("DestroyVm", Needs.CALLS): ENDS,
    ("WriteProtectGfn", Needs.CALLS): nobody("what could be written, points tell"),
    **{
        (name, Needs.POINTS): nobody("CACHE-21 is asked at its point")
        for name in ("ActivatePfnCache", "RefreshPfnCache")
    },
    ("UsePfnCache", Needs.POINTS): BY_REPLY,
    ("DeactivatePfnCache", Needs.CALLS): nobody("CACHE-22 asks who uses it later"),
    ("DeactivatePfnCache", Needs.POINTS): nobody("it does nothing that points tell"),
}
"""Why nobody judges an operation by what it would take."""


def judged_by(operation: str, needs: Needs) -> tuple[AnyClause, ...]:
    """The clauses that name the operation; those on a view are on requests."""
    return tuple(
        clause
        for clause in CLAUSES
        if clause.needs is needs
        and (
            operation in (*clause.operations, *clause.any_operation)
            or (clause.root is Observed and operation == SetRegion.__name__)
        )
    )


def cell_of(operation: str, needs: Needs) -> Cell:
    """The clauses, or why there are none; an empty cell where nobody says why."""
    clauses = judged_by(operation, needs)
    if clauses:
        return by(*(clause.id for clause in clauses))
    if needs is Needs.INTROSPECTION:
        return WHY_NONE.get((operation, needs), nobody(SHOWN))
    return WHY_NONE.get((operation, needs), Cell())


def rows() -> tuple[Row, ...]:
    """A row for each operation."""
    return tuple(
        Row(kind.__name__, tuple(cell_of(kind.__name__, needs) for needs in Needs))
        for kind in get_args(Operation)
    )
