"""What Sphinx has to know of the museum's record: three directives.

{memslots-track-record}  each exhibit, the clause that found it, and where
{memslots-adequacy}      each clause, its witnesses, and the mutants that it finds
{memslots-outside}       the bugs of the catalogue that the museum does not have

The first two show one run: every mutant and the references, in the fixed races.
It is made when the book is built, and kept until the code changes.
"""

from __future__ import annotations

from statistics import median

from kept_results import kept
from memslots_book import Written
from memslots_pages import place as anchor
from memslots_pages import plain
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from memslot_conformance.environment import cpus
from memslot_conformance.museum import adequacy
from memslot_conformance.museum.adequacy import Adequacy
from memslot_conformance.museum.detections import Detection, MutantBrokeError
from memslot_conformance.museum.neighbours import AccusedError
from memslot_conformance.report.adequacy import neighbours, reached, summary
from memslot_conformance.report.track_record import command
from memslot_reference import lawful
from memslot_reference.museum import CATALOGUE
from memslot_reference.museum.mutant import Mutant
from memslot_reference.museum.outside import OUTSIDE

HEADS = (
    *("bug", "since", "found by", "in the race"),
    *("preemptions", "play", "seconds", "shown by"),
)


class TrackRecord(Written):
    """Each exhibit, the clause that found it, and where."""

    def written(self) -> str:
        """Run what has not been run."""
        return track_record(measured())


class AdequacyTable(Written):
    """Each clause, its witnesses, and the mutants that it finds."""

    def written(self) -> str:
        """Run what has not been run."""
        return adequacy_table(measured())


class Outside(Written):
    """The bugs that the museum does not have."""

    def written(self) -> str:
        """Set them as a table."""
        return outside_table()


def measured() -> Adequacy:
    """The run of the book: the one kept, or a new one.

    Errors: `ValueError` where a clause accuses a reference or a lawful variant, or a
    mutant broke.
    """
    return adequacy.from_text(kept("museum", (), _measure))


def _measure() -> str:
    try:
        found = adequacy.measure(CATALOGUE, lawful.CATALOGUE, jobs=cpus())
    except (MutantBrokeError, AccusedError) as error:
        raise ValueError(str(error)) from error
    return adequacy.to_text(found)


def track_record(found: Adequacy) -> str:
    """A row for each exhibit; the planted mutants are counted."""
    exhibits = [mutant for mutant in CATALOGUE if mutant.kind == "museum"]
    planted = [mutant for mutant in CATALOGUE if mutant.kind == "planted"]
    lines = [
        f"| {' | '.join(HEADS)} |",
        "| --- | --- | --- | --- | ---: | ---: | ---: | --- |",
        *(_exhibit(mutant, _best(mutant, found)) for mutant in exhibits),
        "",
        _figures("exhibits", exhibits, found),
        "",
        _figures("planted mutants", planted, found),
    ]
    return "\n".join(lines)


def _best(mutant: Mutant, found: Adequacy) -> Detection | None:
    """The first play in which a clause finds it that it names, if one does."""
    of = [
        detection for detection in found.detections if detection.mutant == mutant.name
    ]
    named = [detection for detection in of if detection.clause in mutant.clauses]
    return min(named, key=lambda detection: detection.plays, default=None)


def _exhibit(mutant: Mutant, detection: Detection | None) -> str:
    name = f"[{plain(mutant.name)}](#{anchor(mutant.name)})"
    if detection is None:
        return f"| {name} | {plain(mutant.since)} | not in a fixed race |{' |' * 5}"
    cells = (
        name,
        plain(mutant.since),
        f"{{clause}}`{detection.clause}`",
        plain(detection.race),
        str(detection.preemptions),
        str(detection.plays),
        f"{detection.seconds:.2f}",
        f"`{command(mutant.name, detection.clause)}`",
    )
    return f"| {' | '.join(cells)} |"


def _figures(what: str, mutants: list[Mutant], found: Adequacy) -> str:
    best = [_best(mutant, found) for mutant in mutants]
    times = [detection.seconds for detection in best if detection is not None]
    return (
        f"{len(times)} of {len(mutants)} {what} found by a clause that they name; "
        f"seconds: median {median(times):.2f}, worst {max(times):.2f}."
    )


def adequacy_table(found: Adequacy) -> str:
    """A row for each clause, and which of them lack something."""
    lines = [
        "| clause | reached | first in | finds | only it finds | neighbours |",
        "| --- | --- | --- | --- | --- | ---: |",
    ]
    for clause in found.clauses:
        seen = found.witnesses_of(clause)
        cells = (
            f"{{clause}}`{clause}`",
            reached(seen) or "**never**",
            plain(seen[0].race) if seen else "",
            _names(found.found_by(clause)) or "**nothing**",
            _names(found.only_found_by(clause)),
            neighbours(found, clause),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join((*lines, "", *(f"- {plain(s)}" for s in summary(found))))


def _names(mutants: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in mutants)


def outside_table() -> str:
    """A row for each bug that is not carried."""
    lines = ["| entry | what it was, and why it is not here |", "| --- | --- |"]
    lines += [f"| {name} | {plain(why)} |" for name, why in OUTSIDE.items()]
    return "\n".join(lines)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("memslots-track-record", TrackRecord)
    app.add_directive("memslots-adequacy", AdequacyTable)
    app.add_directive("memslots-outside", Outside)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
