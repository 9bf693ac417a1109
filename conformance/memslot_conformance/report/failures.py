"""All that a run found: each cause with its picture, what else it broke in a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rich.console import RenderableType

from memslot_conformance.findings.records import Found, Record
from memslot_conformance.report.failure import again_words, picture, sentences, title
from memslot_conformance.report.rendering import columns, line
from memslot_spec.history.header import History


def failures(
    records: Iterable[Record], *, again: str | None, width: int
) -> list[RenderableType]:
    """The findings, those of one cause together.

    One picture serves those at the same step of a history. `again` is the command that
    shows a finding again which has no file of its own.
    """
    parts: list[RenderableType] = []
    drawn: tuple[History | None, int] | None = None
    for first, others in of_one_cause(records):
        place = first.history, first.step
        shown = picture(first, width=width)
        if shown and place == drawn:
            shown = [line("(at the same step)")]
        drawn = place
        parts += [line(f"{first.target}, layer {first.layer}:"), line("")]
        parts += [*shown, line("")] if shown else []
        parts += [*sentences(first, again=again, width=width), line("")]
        if others:
            rows = [
                (f"FAIL {o.clause}", title(o.clause), again_words(o, again) or "")
                for o in others
            ]
            parts += [line("of the same cause:"), columns(rows, indent=2), line("")]
        parts.append(line(""))
    return parts[:-1]


def of_one_cause(records: Iterable[Record]) -> Iterator[tuple[Found, list[Found]]]:
    """Each cause by its first finding, and the others that have it, in their order."""
    found = [record for record in records if isinstance(record, Found)]
    told = {(each.target, each.clause) for each in found if each.cause is None}
    for first in found:
        if first.cause is None or (first.target, first.cause) not in told:
            others = [
                other
                for other in found
                if (other.target, other.cause) == (first.target, first.clause)
                and first.cause is None
            ]
            yield first, others
