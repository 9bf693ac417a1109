"""Is every clause worth its place? What reaches it and what it finds, by a run.

A clause needs a witness, a play of a reference that reaches its premise, and a
mutant that it detects. Without the one or the other it is a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from memslot_conformance.museum.detections import Detection, detections
from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import Witness, witnesses
from memslot_conformance.run.verdicts import Exit
from memslot_spec.clauses import CLAUSES

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adequacy:
    """What a run has shown of these clauses."""

    clauses: tuple[str, ...]
    witnesses: tuple[Witness, ...]
    detections: tuple[Detection, ...]

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


def measure(mutants: Sequence[Mutant], *, jobs: int) -> Adequacy:
    """Play the references and these mutants. Errors: those of either run."""
    return Adequacy(
        clauses=tuple(clause.id for clause in CLAUSES),
        witnesses=witnesses(),
        detections=detections(mutants, jobs=jobs),
    )


def exit_status(found: Adequacy) -> Exit:
    """1 where a clause has no witness or detects no mutant."""
    lacking = found.without_witness() or found.without_mutant()
    return Exit.DOES_NOT_CONFORM if lacking else Exit.CONFORMS


def as_json(found: Adequacy) -> dict[str, list[dict[str, object]]]:
    """Everything, for a program: the clauses, and every witness and detection."""
    return {
        "clauses": [
            {
                "id": clause,
                "kills": list(found.found_by(clause)),
                "only": list(found.only_found_by(clause)),
            }
            for clause in found.clauses
        ],
        "witnesses": [asdict(witness) for witness in found.witnesses],
        "kills": [asdict(detection) for detection in found.detections],
    }


def from_json(data: dict[str, list[dict[str, object]]]) -> Adequacy:
    """What `as_json` wrote."""
    return Adequacy(
        clauses=tuple(str(row["id"]) for row in data["clauses"]),
        witnesses=_made(Witness, data["witnesses"]),
        detections=_made(Detection, data["kills"]),
    )


def _made(make: Callable[..., T], rows: Iterable[dict[str, object]]) -> tuple[T, ...]:
    """A record of each row, by the names of its fields."""
    return tuple(make(**row) for row in rows)
