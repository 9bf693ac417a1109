"""What the book says of the published patch out of its data, and out of one run of it.

The defects are `memslot_reference.defects`. The run plays the fixed races at up to one
preemption; each history is asked again without the clauses that it has broken, until
nothing is found.
"""

from __future__ import annotations

from kept_results import kept
from memslots_pages import links, plain

from memslot_conformance.layers.in_order import in_order
from memslot_conformance.museum.detections import DETECTION, Breaks, Detection
from memslot_conformance.targets.resolve import resolve
from memslot_reference.defects import DEFECTS, PatchDefect

TARGET = "patch"
PREEMPTIONS = 1
DERIVED = "what others of the patch's defects leave behind"


def defects_table() -> str:
    """A row for each defect: what is wrong, and which clauses say so."""
    lines = ["| | what is wrong | breaks | known |", "| --- | --- | --- | --- |"]
    for defect in sorted(DEFECTS, key=_by_number):
        cells = (
            defect.number,
            plain(defect.wrong),
            links(defect.clauses),
            plain(defect.known),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def hunks_table() -> str:
    """A row for each defect in the order of the commit: hunk, age, repair.

    Four columns, so that the last is not out of sight: names do not break.
    """
    heads = ("", "hunk, and what is wrong", "clauses", "since, and what became of it")
    lines = [f"| {' | '.join(heads)} |", "| --- | --- | --- | --- |"]
    for defect in DEFECTS:
        cells = (
            defect.number,
            f"*{plain(defect.hunk)}*: {plain(defect.wrong)}",
            links(defect.clauses),
            f"*{defect.since}*: {plain(defect.became)}",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def findings_table() -> str:
    """A row for each clause that finds the patch: the hunk, and the race."""
    heads = ("clause", "hunk", "first in the race", "preemptions", "play")
    lines = [f"| {' | '.join(heads)} |", "| --- | --- | --- | ---: | ---: |"]
    for found in findings():
        named = [d for d in DEFECTS if found.clause in (*d.clauses, *d.behind)]
        hunks = dict.fromkeys(_named(defect) for defect in named)
        cells = (
            f"{{clause}}`{found.clause}`",
            "; ".join(hunks) or DERIVED,
            plain(found.race),
            str(found.preemptions),
            str(found.plays),
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _named(defect: PatchDefect) -> str:
    """The hunk, with the number of the defect where it has one."""
    number = f" ({defect.number})" if defect.number else ""
    return plain(defect.hunk) + number


def findings() -> tuple[Detection, ...]:
    """The clauses that find the patch, in the order in which they do."""
    lines = kept(TARGET, (PREEMPTIONS,), _run).splitlines()
    return tuple(DETECTION.from_text(line) for line in lines)


def _run() -> str:
    target = resolve(TARGET)
    breaks, seen = Breaks(target.header), dict[str, Detection]()
    for number, (_, race, played) in enumerate(in_order(target, PREEMPTIONS), 1):
        for clause in breaks.of(played.events, is_blind=False):
            if clause not in seen:
                seen[clause] = Detection(
                    clause=clause,
                    mutant=TARGET,
                    race=race,
                    blind=False,
                    preemptions=played.preemptions,
                    plays=number,
                    seconds=0.0,
                )
    return "\n".join(DETECTION.to_text(found) for found in seen.values())


def _by_number(defect: PatchDefect) -> int:
    """S1 first; what has no number last."""
    return int(defect.number.removeprefix("S") or 1000)
