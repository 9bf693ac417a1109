"""What came of holding the lawful variants to every clause, as a table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from memslot_conformance.museum.lawful import Hearing, Variant
from memslot_conformance.report.rendering import columns, rendered
from memslot_conformance.run.exits import Exit
from memslot_spec.history.json_form import JsonForm

HEAD = ("variant", "base", "schedules", "clauses asked", "outcome")

HEARING: JsonForm[Hearing] = JsonForm(Hearing)


def listing(variants: Sequence[Variant]) -> list[str]:
    """A line for each variant: what is unusual, and what it comes close to."""
    if not variants:
        return []
    return rendered([columns([(v.name, _described(v)) for v in variants])])


def _described(variant: Variant) -> str:
    close_to = f" [{', '.join(variant.clauses)}]" if variant.clauses else ""
    return f"{variant.unusual}{close_to}"


def table(hearings: Sequence[Hearing], variants: Sequence[Variant]) -> list[str]:
    """A line for each variant, the worst of its seeds; and how many were accused."""
    rows = [_row(v, [h for h in hearings if h.variant == v.name]) for v in variants]
    clear = sum(
        all(h.status is Exit.CONFORMS for h in hearings if h.variant == v.name)
        for v in variants
    )
    return [
        *rendered([columns([HEAD, *rows])]),
        "",
        f"{clear} of {len(variants)} lawful variants played and not accused",
    ]


def _row(variant: Variant, of: Sequence[Hearing]) -> tuple[str, ...]:
    worst = next((h for h in of if h.status is not Exit.CONFORMS), None)
    cut = next((cut for h in of for cut in h.cut), None)
    outcome = "not accused" if cut is None else f"not accused; {cut}"
    if worst is not None:
        outcome = worst.outcome
        if len(of) > 1:
            outcome += f" (seed {worst.seed})"
    return (
        variant.name,
        f"{variant.base} {variant.profile}",
        f"{sum(h.schedules for h in of):,}",
        str(max((h.judged for h in of), default=0)),
        outcome,
    )


def write_json(
    path: Path, hearings: Sequence[Hearing], variants: Sequence[Variant]
) -> None:
    """Every hearing, with what is known of its variant, as a list of objects."""
    known = {variant.name: variant for variant in variants}
    data = [_told(hearing, known[hearing.variant]) for hearing in hearings]
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _told(hearing: Hearing, variant: Variant) -> dict[str, object]:
    told = HEARING.write(hearing)
    told |= {
        "outcome": hearing.outcome,
        "base": variant.base,
        "profile": variant.profile,
        "unusual": variant.unusual,
        "source": variant.source,
        "tag": variant.tag,
        "comes_close_to": list(variant.clauses),
    }
    return told
