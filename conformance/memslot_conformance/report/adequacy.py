"""Which plays reach each clause, what it finds and what it spares, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from memslot_conformance.museum import exempt
from memslot_conformance.museum.adequacy import Adequacy
from memslot_conformance.museum.witnesses import Witness
from memslot_conformance.report.columns import in_columns


def table(found: Adequacy) -> list[str]:
    """A line for each clause, and then which of them lack something."""
    rows = [("clause", "reached", "first in", "finds", "neighbours", "only it finds")]
    for clause in found.clauses:
        seen = found.witnesses_of(clause)
        rows.append(
            (
                clause,
                reached(seen) or "NEVER",
                seen[0].race if seen else "-",
                str(len(found.found_by(clause))) if found.found_by(clause) else "NONE",
                neighbours(found, clause),
                ", ".join(found.only_found_by(clause)) or "-",
            )
        )
    return [*in_columns(rows), "", *summary(found)]


def neighbours(found: Adequacy, clause: str) -> str:
    """How many lawful variants come close, in a word where there need be none."""
    close = found.neighbours_of(clause)
    if close:
        return str(len(close))
    return "exempt" if clause in exempt.IDS else "NONE"


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
    alone = sum(bool(found.only_found_by(clause)) for clause in found.clauses)
    mutants = {detection.mutant for detection in found.detections}
    variants = {neighbour.variant for neighbour in found.neighbours}
    spared = sum(clause in exempt.IDS for clause in found.clauses)
    counted = (
        f"{len(found.clauses)} clauses, {len(mutants)} mutants found by them, "
        f"{len(variants)} lawful variants close to them"
    )
    alien = ", ".join(found.without_neighbour()) or "none"
    return [
        counted,
        f"without a witness: {', '.join(found.without_witness()) or 'none'}",
        f"finds no mutant: {', '.join(found.without_mutant()) or 'none'}",
        f"no lawful neighbour: {alien}; {spared} clauses are exempt",
        f"{alone} clauses find a mutant that no other finds",
    ]
