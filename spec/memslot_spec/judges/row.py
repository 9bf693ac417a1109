"""What a table of judges is: things, questions, and for each clauses or a reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple


class Cell(NamedTuple):
    """The clauses that ask one question about one thing, or why none does.

    `is_hole` says that something could be wrong there and nobody would notice; without
    it there is nothing to ask.
    """

    clauses: tuple[str, ...] = ()
    why_none: str = ""
    is_hole: bool = False


def by(first: str, *others: str) -> Cell:
    """These clauses ask it."""
    return Cell((first, *others))


def nobody(why: str) -> Cell:
    """No clause asks it, for there is nothing to ask: `why` in a few words."""
    return Cell(why_none=why)


def hole(what: str) -> Cell:
    """No clause asks it, though there is something to ask: `what` could be wrong."""
    return Cell(why_none=what, is_hole=True)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing: a kind of point, a field of a reply or a view, an operation.

    `cells` answer the questions of its table, in their order. `holes` name what could
    be wrong with it although clauses ask about it.
    """

    of: str
    cells: tuple[Cell, ...]
    holes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Judges:
    """The table of one sort of thing."""

    title: str
    questions: tuple[str, ...]
    rows: tuple[Row, ...]


OF_A_POINT = (
    "who may do it",
    "what it says",
    "not before",
    "at the latest",
    "how often",
)
"""What can be asked about a point."""


def point(
    kind: type,
    *,
    who: Cell,
    says: Cell,
    not_before: Cell,
    latest: Cell,
    often: Cell,
    holes: tuple[str, ...] = (),
) -> Row:
    """The row of a kind of point."""
    return Row(kind.__name__, (who, says, not_before, latest, often), holes)


def not_asked(kind: type, why: str) -> Row:
    """The row of a kind of point that nobody is asked about, for one reason."""
    return Row(kind.__name__, tuple(nobody(why) for _ in OF_A_POINT))


NOTHING = nobody("it says nothing")
ANYBODY = nobody("whoever calls")
ANY_TIME = nobody("nothing has to come first")
UNBOUNDED = nobody("nothing waits for it")
AS_OFTEN = nobody("as often as it happens")
"""Reasons that many rows share."""
