"""Is every clause worth its place? Its witnesses and its killers, by a run.

A clause needs a witness, a play of a reference that comes to its premise, and a
killer, a mutant that it finds. Without the one or the other it is a comment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TypeVar

from memslot_conformance.museum.kills import Kill, kills
from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import Witness, witnesses
from memslot_conformance.report.columns import in_columns
from memslot_conformance.run.verdicts import Exit
from memslot_spec.clauses import CLAUSES

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Adequacy:
    """What a run has shown of these clauses."""

    clauses: tuple[str, ...]
    witnesses: tuple[Witness, ...]
    kills: tuple[Kill, ...]

    def witnesses_of(self, clause: str) -> tuple[Witness, ...]:
        """Where its premise was reached."""
        return tuple(w for w in self.witnesses if w.clause == clause)

    def killed_by(self, clause: str) -> tuple[str, ...]:
        """The mutants that it finds."""
        return tuple(kill.mutant for kill in self.kills if kill.clause == clause)

    def killed_only_by(self, clause: str) -> tuple[str, ...]:
        """The mutants that no other clause finds."""
        others = {kill.mutant for kill in self.kills if kill.clause != clause}
        return tuple(name for name in self.killed_by(clause) if name not in others)

    def without_witness(self) -> tuple[str, ...]:
        """The clauses whose premise no reference reached."""
        seen = {witness.clause for witness in self.witnesses}
        return tuple(clause for clause in self.clauses if clause not in seen)

    def without_killer(self) -> tuple[str, ...]:
        """The clauses that find no mutant."""
        found = {kill.clause for kill in self.kills}
        return tuple(clause for clause in self.clauses if clause not in found)


def measure(mutants: Sequence[Mutant], *, jobs: int) -> Adequacy:
    """Play the references and these mutants. Errors: those of either run."""
    return Adequacy(
        clauses=tuple(clause.id for clause in CLAUSES),
        witnesses=witnesses(),
        kills=kills(mutants, jobs=jobs),
    )


def table(found: Adequacy) -> list[str]:
    """A line for each clause, and then which of them lack something."""
    rows = [("clause", "reached", "first in", "kills", "only it kills")]
    for clause in found.clauses:
        seen = found.witnesses_of(clause)
        rows.append(
            (
                clause,
                reached(seen) or "NEVER",
                seen[0].race if seen else "-",
                str(len(found.killed_by(clause)))
                if found.killed_by(clause)
                else "NONE",
                ", ".join(found.killed_only_by(clause)) or "-",
            )
        )
    return [*in_columns(rows), "", *summary(found)]


def reached(seen: Sequence[Witness]) -> str:
    """How often, on what: the counts of both layers, blind only where alone."""
    sighted = [w for w in seen if not w.blind]
    counts: dict[str, int] = {}
    for witness in sighted or seen:
        where = f"{witness.target} {witness.profile}"
        counts[where] = counts.get(where, 0) + witness.times
    words = ", ".join(f"{where} {times}" for where, times in counts.items())
    return words + ("" if sighted or not seen else " (blind)")


def summary(found: Adequacy) -> list[str]:
    """What is missing, and how many clauses nothing else could stand in for."""
    alone = sum(bool(found.killed_only_by(clause)) for clause in found.clauses)
    mutants = {kill.mutant for kill in found.kills}
    return [
        f"{len(found.clauses)} clauses, {len(mutants)} mutants found by them",
        f"without a witness: {', '.join(found.without_witness()) or 'none'}",
        f"without a killer: {', '.join(found.without_killer()) or 'none'}",
        f"{alone} clauses find a mutant that no other finds",
    ]


def exit_status(found: Adequacy) -> Exit:
    """1 where a clause has no witness or no killer."""
    lacking = found.without_witness() or found.without_killer()
    return Exit.DOES_NOT_CONFORM if lacking else Exit.CONFORMS


def as_json(found: Adequacy) -> dict[str, list[dict[str, object]]]:
    """Everything, for a program: the clauses, and every witness and kill."""
    return {
        "clauses": [
            {
                "id": clause,
                "kills": list(found.killed_by(clause)),
                "only": list(found.killed_only_by(clause)),
            }
            for clause in found.clauses
        ],
        "witnesses": [asdict(witness) for witness in found.witnesses],
        "kills": [asdict(kill) for kill in found.kills],
    }


def from_json(data: dict[str, list[dict[str, object]]]) -> Adequacy:
    """What `as_json` wrote."""
    return Adequacy(
        clauses=tuple(str(row["id"]) for row in data["clauses"]),
        witnesses=_made(Witness, data["witnesses"]),
        kills=_made(Kill, data["kills"]),
    )


def _made(make: Callable[..., T], rows: Iterable[dict[str, object]]) -> tuple[T, ...]:
    """A record of each row, by the names of its fields."""
    return tuple(make(**row) for row in rows)
