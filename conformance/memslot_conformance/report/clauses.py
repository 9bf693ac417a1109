"""The clauses for whoever asks: as a list, one in full, or as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rich.console import RenderableType

from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import Witness
from memslot_conformance.report.evidence import (
    HOW_TO_GET,
    MARKS,
    EvidenceOf,
    evidence_words,
    many,
    marks_of,
)
from memslot_conformance.report.known import (
    implied_as_json,
    in_numbers,
    known_as_json,
    known_marks,
    known_rows,
    occasion_as_json,
)
from memslot_conformance.report.rendering import columns, entries, line, rendered
from memslot_conformance.run.evidence import ClauseEvidence
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import GROUPS
from memslot_spec.history.events import Observed
from memslot_spec.history.json_form import JsonForm
from memslot_spec.judging.applies import points_of
from memslot_spec.moments.mmu import AtRest
from memslot_spec.moments.replies import Answered, Updated
from memslot_spec.proofs import rests_on

MADE: dict[type, str] = {
    Answered: "at every reply to an operation, in the light of what came before",
    Updated: "at every reply to a request to set, move or delete a slot",
    AtRest: "at the shadow state, whenever mmu_lock is released",
    Observed: "at what introspection shows when an operation has ended",
}


EVIDENCE: JsonForm[ClauseEvidence] = JsonForm(ClauseEvidence)


def listed(clauses: Sequence[AnyClause]) -> list[str]:
    """A line for each clause, under its group, and how they are known in numbers."""
    rows = _listed(clauses, {clause.id: () for clause in clauses})
    return rendered(
        [*rows, line(f"{many(len(clauses), 'clause')}: {in_numbers(clauses)}")]
    )


def listed_with_evidence(
    clauses: Sequence[AnyClause], found: EvidenceOf | None
) -> list[str]:
    """The list with a mark for each method by which a clause is held."""
    marked = _listed(clauses, {c.id: (marks_of(found, c.id),) for c in clauses})
    return rendered([line(MARKS), *marked, *([] if found else [line(HOW_TO_GET)])])


def _listed(
    clauses: Sequence[AnyClause], marks: Mapping[str, tuple[str, ...]]
) -> list[RenderableType]:
    chosen = {clause.id for clause in clauses}
    width = max(len(clause_id) for clause_id in chosen)
    parts: list[RenderableType] = []
    for group, members in GROUPS:
        rows = [
            (clause.id, *marks[clause.id], f"{clause.title}  {_bounds(clause)}")
            for clause in members
            if clause.id in chosen
        ]
        if rows:
            parts += [line(group), columns(rows, indent=2, least=[width])]
    return parts


def _bounds(clause: AnyClause) -> str:
    """What it takes to judge the clause, which profiles it binds, how it is known."""
    profiles = ", ".join(sorted(clause.profiles))
    return f"[{clause.needs.value}; {profiles}; {known_marks(clause)}]"


def explained(
    clause: AnyClause,
    mutants: Sequence[Mutant],
    *,
    found: EvidenceOf | None = None,
    seen: Sequence[Witness] = (),
    width: int = 88,
) -> list[str]:
    """Everything about one clause.

    `found` is the evidence of a run, if any, and `seen` where references came to
    the clause.
    """
    parts = [
        ("must", clause.must),
        *known_rows(clause),
        ("rows", ", ".join(map(str, clause.rows)) or "none of the catalogue"),
        ("profiles", ", ".join(sorted(clause.profiles))),
        ("needs", _needs(clause)),
        ("judged", MADE.get(clause.kind, f"at every {clause.kind.__name__}")),
    ]
    detected = [m for m in mutants if clause.id in m.clauses]
    told = [f"museum:{mutant.name}: {mutant.wrong}" for mutant in detected]
    parts += _under("witness", map(_seen, seen))
    parts += _under("detects", told or ["no mutant of the museum"])
    parts += _under("evidence", evidence_words(found, clause.id))
    title = line(f"{clause.id}  {clause.title}")
    return rendered([title, entries(parts, width)])


def _under(label: str, texts: Iterable[str]) -> list[tuple[str, str]]:
    """Texts that have one label, which stands at the first."""
    return [("" if number else label, text) for number, text in enumerate(texts)]


def _seen(witness: Witness) -> str:
    """Where a premise was reached, in words."""
    words = f"{witness.target} under {witness.profile}, {witness.race!r}"
    return words + (", judged blind" if witness.blind else "")


def as_json(
    clause: AnyClause, mutants: Sequence[Mutant], found: EvidenceOf | None = None
) -> dict[str, object]:
    """The same as data."""
    return {
        "id": clause.id,
        "title": clause.title,
        "must": clause.must,
        "source": clause.source,
        "known": known_as_json(clause),
        "implied": implied_as_json(clause),
        "occasion": occasion_as_json(clause),
        "rows": list(clause.rows),
        "profiles": sorted(clause.profiles),
        "needs": clause.needs.value,
        "operations": list(clause.operations),
        "points": list(points_of(clause)),
        "shows": list(clause.shows),
        "concurrent": clause.concurrent,
        "on": clause.kind.__name__,
        "mutants": [m.name for m in mutants if clause.id in m.clauses],
        "confirmed": [
            {"function": c.name, "for": list(c.bounds), "promises": list(c.promises)}
            for c in rests_on(clause.id)
        ],
        "evidence": [
            EVIDENCE.write(evidence)
            for of in (found or {}).values()
            for evidence in of
            if evidence.clause == clause.id
        ],
    }


def _needs(clause: AnyClause) -> str:
    """What a target must have for the clause to be judged on it."""
    needs = [clause.needs.value]
    if clause.operations:
        needs.append(f"operations {', '.join(clause.operations)}")
    if points_of(clause):
        needs.append(f"points {', '.join(points_of(clause))}")
    if clause.shows:
        needs.append(f"introspection of {', '.join(clause.shows)}")
    if clause.concurrent:
        needs.append("more than one call at a time")
    return "; ".join(needs)
