"""What the museum's run shows of the clauses, for a terminal. Pure.

A clause needs a witness, a play of a reference that comes to its premise, and a killer,
a mutant that it finds.
"""

from __future__ import annotations

from collections.abc import Sequence

from memslot_conformance.museum.adequacy import Adequacy
from memslot_conformance.museum.witnesses import Witness
from memslot_conformance.report.columns import in_columns


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
