"""Is every clause worth its place? What reaches it and what it finds, by a run.

A clause needs a witness, a play of a reference that reaches its premise, and a
mutant that it detects. Without the one or the other it is a comment. It needs a lawful
neighbour as well, a variant that differs in what it reads and is not accused: without
one it may be true of nothing but the references.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from memslot_conformance.museum import exempt
from memslot_conformance.museum.detections import Detection, detections
from memslot_conformance.museum.lawful import Variant
from memslot_conformance.museum.neighbours import Neighbour, neighbours
from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import Witness, witnesses
from memslot_conformance.run.exits import Exit
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.json_form import JsonForm


@dataclass(frozen=True, slots=True, kw_only=True)
class Adequacy:
    """What a run has shown of these clauses."""

    clauses: tuple[str, ...]
    witnesses: tuple[Witness, ...]
    detections: tuple[Detection, ...]
    neighbours: tuple[Neighbour, ...]

    def witnesses_of(self, clause: str) -> tuple[Witness, ...]:
        """Where its premise was reached."""
        return tuple(w for w in self.witnesses if w.clause == clause)

    def found_by(self, clause: str) -> tuple[str, ...]:
        """The mutants that it finds."""
        return tuple(
            detection.mutant
            for detection in self.detections
            if detection.clause == clause
        )

    def only_found_by(self, clause: str) -> tuple[str, ...]:
        """The mutants that no other clause finds."""
        others = {
            detection.mutant
            for detection in self.detections
            if detection.clause != clause
        }
        return tuple(name for name in self.found_by(clause) if name not in others)

    def without_witness(self) -> tuple[str, ...]:
        """The clauses whose premise no reference reached."""
        seen = {witness.clause for witness in self.witnesses}
        return tuple(clause for clause in self.clauses if clause not in seen)

    def without_mutant(self) -> tuple[str, ...]:
        """The clauses that find no mutant."""
        found = {detection.clause for detection in self.detections}
        return tuple(clause for clause in self.clauses if clause not in found)

    def neighbours_of(self, clause: str) -> tuple[str, ...]:
        """The lawful variants that come close to it."""
        return tuple(n.variant for n in self.neighbours if n.clause == clause)

    def without_neighbour(self) -> tuple[str, ...]:
        """The clauses that no lawful variant comes close to, though one could."""
        close = {neighbour.clause for neighbour in self.neighbours} | exempt.IDS
        return tuple(clause for clause in self.clauses if clause not in close)


def measure(
    mutants: Sequence[Mutant], variants: Sequence[Variant], *, jobs: int
) -> Adequacy:
    """Play the references, these mutants and these lawful variants.

    Errors: those of each run.
    """
    return Adequacy(
        clauses=tuple(clause.id for clause in CLAUSES),
        witnesses=witnesses(),
        detections=detections(mutants, jobs=jobs),
        neighbours=neighbours(variants, jobs=jobs),
    )


def exit_status(found: Adequacy) -> Exit:
    """1 where a clause has no witness, detects no mutant, or has no neighbour."""
    lacking = (
        found.without_witness() or found.without_mutant() or found.without_neighbour()
    )
    return Exit.DOES_NOT_CONFORM if lacking else Exit.CONFORMS


@dataclass(frozen=True, slots=True)
class ClauseRow:
    """What a clause is worth: the mutants that it finds, and that only it finds.

    `neighbours` are the lawful variants that come close to it, and `exempt` says
    that none can.
    """

    id: str
    detects: tuple[str, ...]
    only: tuple[str, ...]
    neighbours: tuple[str, ...]
    exempt: bool


@dataclass(frozen=True, slots=True)
class AdequacyFile:
    """An `Adequacy` as it is kept in a file."""

    clauses: tuple[ClauseRow, ...]
    witnesses: tuple[Witness, ...]
    detections: tuple[Detection, ...]
    neighbours: tuple[Neighbour, ...]


KEPT: JsonForm[AdequacyFile] = JsonForm(AdequacyFile)


def to_text(found: Adequacy) -> str:
    """Everything, for a program: clauses, witnesses, detections and neighbours."""
    rows = tuple(
        ClauseRow(
            clause,
            found.found_by(clause),
            found.only_found_by(clause),
            found.neighbours_of(clause),
            clause in exempt.IDS,
        )
        for clause in found.clauses
    )
    kept = AdequacyFile(rows, found.witnesses, found.detections, found.neighbours)
    return json.dumps(KEPT.write(kept), indent=2) + "\n"


def from_text(text: str) -> Adequacy:
    """What `to_text` wrote. Errors: `MisfitError`."""
    kept = KEPT.from_text(text)
    return Adequacy(
        clauses=tuple(row.id for row in kept.clauses),
        witnesses=kept.witnesses,
        detections=kept.detections,
        neighbours=kept.neighbours,
    )
