"""Mutants that are not noticed: what a correct target may say, and what is missed.

The specification has a table of who judges what (`memslot_spec.judges`): for each kind
of point who asks what it says, when it has to have come, and how often, or why nobody
does. Where the table says that there is nothing to ask, what the mutant says is lawful.
Where it names a hole, the mutant is on the list of what is missed.
"""

from __future__ import annotations

from field_mutants import DOUBLED, DROPPED, FieldMutant
from memslot_spec.judges.everything import POINTS
from memslot_spec.judges.row import OF_A_POINT, Cell

ASKS = {DROPPED: "at the latest", DOUBLED: "how often"}
"""The question that such a mutant answers wrongly; of a field it is what it says."""

SAYS = "what it says"

CELLS = {
    (row.of, question): cell
    for judges in POINTS
    for row in judges.rows
    for question, cell in zip(OF_A_POINT, row.cells, strict=True)
}

ONE_SPACE = "there is one address space: no table and no slot goes by its number"
LAWFUL: dict[str, str] = {
    "CutShort.hvas/cut": "a copy may end before a page that it could have reached",
    "ShadowPageCreated.capacity/off-by-one": "a bitmap may have room for more slots",
    "TableLoaded/doubled": "a load is as good as the one before it, of the same table",
    "TableRead/doubled": "a table that may be read may be read twice",
    "RmapAdded.as_id/not-none": "None stands for the only space",
    "RmapIndexed.as_id/not-none": "None stands for the only space",
    "RmapRemoved.as_id/not-none": "None stands for the only space",
    "reference-linux/FoundId.id/not-none": "today it is not defined where no slot is",
    "reference/TableLoaded.as_id/off-by-one": ONE_SPACE,
    "reference/TablePublished.as_id/off-by-one": ONE_SPACE,
    "reference/ShadowPageCreated.as_id/off-by-one": ONE_SPACE,
}
"""By what is changed and how, with the reference where it is of that alone: why a
correct target may say so, beside the table."""

LISTED: dict[str, str] = {}
"""By what is changed and how: what is missed, and why, beside the holes there."""


def why_lawful(mutant: FieldMutant) -> str:
    """Why a correct target may say it; empty where it may not."""
    cell = _cell(mutant)
    asked = cell is None or cell.clauses or cell.is_hole
    said = LAWFUL.get(mutant.name) or LAWFUL.get(_place(mutant))
    return said or ("" if asked or cell is None else cell.why_none)


def why_missed(mutant: FieldMutant) -> str:
    """Why it is on the list of what is missed; empty where it is not."""
    cell = _cell(mutant)
    hole = cell.why_none if cell is not None and cell.is_hole else ""
    return LISTED.get(_place(mutant), hole)


def _cell(mutant: FieldMutant) -> Cell | None:
    question = ASKS.get(mutant.how, SAYS)
    return CELLS.get((mutant.kind.__name__, question))


def _place(mutant: FieldMutant) -> str:
    return f"{mutant.what}/{mutant.how}"
