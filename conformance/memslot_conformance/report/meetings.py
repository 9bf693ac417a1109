"""What a run asked for and what met, in counts; and by name what never did. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from rich.console import RenderableType

from memslot_conformance.findings.records import MeetingsCounted, Record
from memslot_conformance.report.rendering import entries, line
from memslot_conformance.report.table import Look

KINDS = {
    "kind": "kinds",
    "objection": "objections",
    "edge": "edges",
    "pair": "pairs",
    "then": "ordered pairs",
}
"""Kinds of what is met, each as a report calls many of it, in the order of a report."""

JOINED = {"pair": " x ", "then": " > "}
"""What stands between the two of a pair."""


def meetings(records: Iterable[Record], look: Look) -> Sequence[RenderableType]:
    """A line of counts for each target; what never met where it is asked for."""
    rows: list[tuple[str, str]] = []
    for record in records:
        if isinstance(record, MeetingsCounted):
            counts = in_counts(record)
            if record.never and not look.verbose:
                counts += "; -v names the others"
            rows.append((record.target, counts))
            if look.verbose:
                rows += [("", words) for words in never_words(record)]
    title = "met, and never met" if look.verbose else "met"
    return [line(title), entries(rows, look.width)] if rows else []


def in_counts(record: MeetingsCounted) -> str:
    """What was met of each kind, such as `41 of 44 edges`."""
    return ", ".join(
        f"{could - len(_names(record, kind)):,} of {could:,} {KINDS.get(kind, kind)}"
        for kind, could in _in_order(record)
    )


def never_words(record: MeetingsCounted) -> Iterator[str]:
    """What never met: a line for each kind, the pairs by the first of the two."""
    for kind, _ in _in_order(record):
        names = _names(record, kind)
        between = JOINED.get(kind)
        if between is not None:
            names = list(_by_the_first(names, between))
        if names:
            yield f"never met, {KINDS.get(kind, kind)}: {'; '.join(names)}"


def _in_order(record: MeetingsCounted) -> list[tuple[str, int]]:
    """The kinds, those of a later version last."""
    places = {kind: place for place, kind in enumerate(KINDS)}
    return sorted(
        record.could.items(), key=lambda kind: (places.get(kind[0], len(KINDS)), kind)
    )


def _names(record: MeetingsCounted, kind: str) -> list[str]:
    first = f"{kind} "
    return [name.removeprefix(first) for name in record.never if name.startswith(first)]


def _by_the_first(pairs: Iterable[str], between: str) -> Iterator[str]:
    seconds: dict[str, list[str]] = {}
    for pair in pairs:
        first, _, second = pair.partition(between)
        seconds.setdefault(first, []).append(second)
    for first, others in seconds.items():
        yield f"{first}{between}{', '.join(others)}"
