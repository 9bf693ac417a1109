"""What reports say of clauses, of evidence and of the museum."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import museum_samples as museum
import report_samples as samples
from memslot_conformance.findings.records import (
    Record,
)
from memslot_conformance.report import (
    adequacy,
    track_record,
)
from memslot_conformance.report import clauses as explain
from memslot_conformance.report import evidence as told
from memslot_conformance.run.evidence import (
    Bound,
    OnKernel,
    evidence_of,
)
from memslot_spec.clause import clause
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Observed
from memslot_spec.known import Known
from memslot_spec.moments.replies import Answered
from memslot_spec.proofs import rests_on
from report_texts import Texts, lines


def evidence_in(*records: Record) -> told.EvidenceOf:
    return evidence_of(records, samples.IDS)


OF_NOTHING: told.EvidenceOf = {}
ON_ONE = evidence_in(*samples.PASSES)
ON_THREE = evidence_in(*samples.PASSES, *samples.LEAVES_OPEN, *samples.KERNEL)


def explained(name: str, found: told.EvidenceOf | None = None, width: int = 88) -> str:
    seen = [w for w in museum.WITNESSES if w.clause == name]
    return lines(
        explain.explained(
            clause_by_id(name), museum.MUTANTS, found=found, seen=seen, width=width
        )
    )


def asked_at(kind: type[object]) -> str:
    """A clause that was made up, of no row of the catalogue, asked at this kind."""
    make = clause(
        id="REQ-0",
        title="Made up",
        must="It MUST be.",
        known=Known(derived="x" * 100),
        on=kind,
        expected="",
        rows=(),
    )
    return lines(explain.explained(make(lambda _, __: True), ()))


def as_json(name: str, found: told.EvidenceOf | None = None) -> str:
    data = explain.as_json(clause_by_id(name), museum.MUTANTS, found)
    return json.dumps(data, indent=2)


EXPLAINED: Texts = {
    "list": lambda: lines(explain.listed(samples.CLAUSES)),
    "list with proofs": lambda: lines(
        explain.listed_with_evidence(samples.CLAUSES, None)
    ),
    "list with evidence": lambda: lines(
        explain.listed_with_evidence(samples.CLAUSES, ON_THREE)
    ),
    "list of one": lambda: lines(explain.listed(samples.CLAUSES[:1])),
    "unproved, seen": lambda: explained("REQ-1"),
    "proved, narrow": lambda: explained("REQ-4", ON_ONE, 60),
    "points, on three": lambda: explained("SRCU-3", ON_THREE),
    "without evidence": lambda: explained("REQ-2", OF_NOTHING),
    "at rest": lambda: explained("DIRTY-3", ON_ONE),
    "concurrent, at a reply": lambda: explained("SRCU-14"),
    "observed, of two rows": lambda: explained("REQ-28"),
    "introspection": lambda: explained("SLOT-8"),
    "of no row, at a view": lambda: asked_at(Observed),
    "of no row, answered": lambda: asked_at(Answered),
    "every need": lambda: lines(
        f"{clause.id}: {explain.as_json(clause, ())['needs']}"
        for clause in samples.CLAUSES
    ),
    "JSON": lambda: as_json("REQ-4"),
    "JSON with evidence": lambda: as_json("SRCU-3", ON_THREE),
}

EVIDENCE: Texts = {
    "contracts": lambda: lines(map(told.contract_words, rests_on("REQ-4"))),
    "confirmed": lambda: lines(told.confirmed_words("REQ-1")),
    "bounds": lambda: lines(
        map(told.bound_words, (Bound(1, 0, 9, 1, 30, 1234), Bound(2, 2, 3, 2, 30, 7)))
    ),
    "methods": lambda: lines(
        f"{evidence.clause} {evidence.marks} {method}: {words}"
        for of in ON_THREE.values()
        for evidence in of
        for method, words in told.method_words(evidence)
    ),
    "summaries": lambda: lines(map(told.summary, ON_THREE.values())),
    "one request": lambda: lines(
        words
        for evidence in ON_THREE["kvm"][:1]
        for _, words in told.method_words(
            replace(evidence, kernel=OnKernel("6.1.2", 1, 1))
        )
    ),
    "on each clause": lambda: lines(
        f"{clause} {told.marks_of(found, clause)}: {words}"
        for found in (None, OF_NOTHING, ON_ONE, ON_THREE)
        for clause in samples.IDS
        for words in told.evidence_words(found, clause)
    ),
}


def track_record_json() -> str:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "record.json"
        track_record.write_json(file, museum.ATTEMPTS, museum.MUTANTS)
        return file.read_text("utf-8")


MUSEUM: Texts = {
    "track record": lambda: lines(track_record.table(museum.ATTEMPTS, museum.MUTANTS)),
    "exhibits alone": lambda: lines(
        track_record.table(museum.ATTEMPTS[4:5], museum.MUTANTS[1:2])
    ),
    "planted alone": lambda: lines(
        track_record.table(museum.ATTEMPTS[7:], museum.MUTANTS[4:])
    ),
    "nothing": lambda: lines(track_record.table((), ())),
    "JSON": track_record_json,
    "list": lambda: lines(track_record.listed(museum.MUTANTS)),
    "list of nothing": lambda: lines(track_record.listed(())),
    "adequacy": lambda: lines(adequacy.table(museum.WORTH)),
    "adequacy, nothing lacks": lambda: lines(adequacy.table(museum.WORTH_EVERYTHING)),
}
