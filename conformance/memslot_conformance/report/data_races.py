"""Races of threads that ThreadSanitizer saw, which no clause is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import RenderableType

from memslot_conformance.findings.records import DataRace, Record
from memslot_conformance.report.console import printable
from memslot_conformance.report.rendering import BROKEN, columns, line

MOST = 5
"""Shown of one run: where one access is a race, most around it are."""


def data_races(records: Iterable[Record]) -> Sequence[RenderableType]:
    """Each of them, with what the two threads did."""
    found = [record for record in records if isinstance(record, DataRace)]
    parts: list[RenderableType] = []
    for race in found[:MOST]:
        parts.append(line(f"RACE {race.target}  {printable(race.what)}", BROKEN))
        rows = [(each,) for stack in race.stacks for each in stack.splitlines()]
        parts.append(columns([(printable(row[0]),) for row in rows], indent=2))
    if len(found) > MOST:
        parts.append(line(f"and {len(found) - MOST} more, in the report"))
    return parts
