"""What `memslots protocol` shows of its searches: a row for each, as it ends."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len

from memslot_conformance.report.rendering import columns, rendered
from memslot_spec.protocol.search import Searched
from memslot_spec.protocol.walk import Race

HEADS = ("race", "states", "nodes", "transitions", "depth", "seconds", "deadlocks")
NUMBERS = range(1, 6)
LEAST = (9, 9, 11, 5, 8)
"""Columns of the numbers; the widest of them is known when the last search ends."""


class SearchTable:
    """The rows of these races, one under the other, whenever they come."""

    def __init__(self, races: Sequence[Race]) -> None:
        names = (HEADS[0], *(race.name for race in races))
        self._least = (max(map(cell_len, names)), *LEAST)
        self.head = self._line(HEADS)

    def row(self, searched: Searched, seconds: float) -> str:
        """What a search says that took so long."""
        return self._line(
            (
                searched.race.name,
                f"{searched.states:,}",
                f"{searched.nodes:,}",
                f"{searched.transitions:,}",
                str(searched.depth),
                f"{seconds:.2f}",
                f"{searched.stuck} nodes" if searched.stuck else "none",
            )
        )

    def _line(self, cells: Sequence[str]) -> str:
        row = columns([cells], least=self._least, right=NUMBERS)
        return "\n".join(rendered([row]))


def breach(clause: str, searched: Searched) -> str:
    """After how many events a clause is broken, and in which race."""
    length = len(searched.broken[clause])
    return f"{clause} is broken in {searched.race.name!r}, after {length} events"


def evaluated(asked: int, about: int, others: int) -> str:
    """How many of the clauses about order the races came to, and of others."""
    return (
        f"{asked} of the {about} clauses about order were evaluated in these races, "
        f"and {others} others"
    )
