"""The museum's track record: what detected each mutant, where, and how fast.

The bugs that happened come first, with the kernels they were in and the command
that shows them; the planted ones stand behind them in short.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import median

from memslot_conformance.museum.run import Attempt, Mutant
from memslot_conformance.report.rendering import columns, rendered
from memslot_spec.history.json_form import JsonForm

EXHIBITS = ("bug", "since", "detected by", "layer", "seconds", "size", "shown by")
PLANTED = ("planted", "detected by", "layer", "seconds", "size", "")

ATTEMPT: JsonForm[Attempt] = JsonForm(Attempt)

Attempts = dict[str, list[Attempt]]


def table(attempts: Sequence[Attempt], mutants: Sequence[Mutant]) -> list[str]:
    """A line for each mutant, the exhibits apart; and what they add up to."""
    of: Attempts = {mutant.name: [] for mutant in mutants}
    for attempt in attempts:
        of[attempt.mutant].append(attempt)
    museum = [m for m in mutants if m.kind == "museum"]
    planted = [m for m in mutants if m.kind != "museum"]
    lines: list[str] = []
    if museum:
        rows = [EXHIBITS, *(_exhibit(m, of[m.name]) for m in museum)]
        lines += rendered([columns(rows)])
        lines.append("")
    if planted:
        rows = [PLANTED, *(_planted(m, of[m.name]) for m in planted)]
        lines += rendered([columns(rows)])
        lines.append("")
    return [*lines, *_figures(attempts, of, len(museum))]


def listed(mutants: Sequence[Mutant]) -> list[str]:
    """A line for each mutant: its name, what is wrong, the clauses it breaks."""
    rows = [(m.name, f"{m.wrong} [{', '.join(m.clauses)}]") for m in mutants]
    return rendered([columns(rows)] if rows else [])


def command(mutant: str, clause: str) -> str:
    """What shows this mutant break this clause."""
    return f"memslots check museum:{mutant} --clauses {clause}"


def _exhibit(mutant: Mutant, of: Sequence[Attempt]) -> tuple[str, ...]:
    detected = [attempt for attempt in of if attempt.detected_by]
    shown = command(mutant.name, detected[0].detected_by[0]) if detected else ""
    remark = _remark(of)
    last = "; ".join(part for part in (shown, remark) if part)
    return (mutant.name, mutant.since, *_cells(detected), last)


def _planted(mutant: Mutant, of: Sequence[Attempt]) -> tuple[str, ...]:
    detected = [attempt for attempt in of if attempt.detected_by]
    return (mutant.name, *_cells(detected), _remark(of))


def _cells(detected: Sequence[Attempt]) -> tuple[str, str, str, str]:
    """The clauses, the layers, the seconds and the size of a mutant's detections."""
    times = [attempt.seconds for attempt in detected if attempt.seconds is not None]
    if not times:
        seconds = "-"
    elif len(times) == 1:
        seconds = f"{times[0]:.2f}"
    else:
        seconds = f"{median(times):.2f}, worst {max(times):.2f}"
    return (
        _distinct(clause for attempt in detected for clause in attempt.detected_by)
        or "-",
        _distinct(attempt.layer or "" for attempt in detected) or "-",
        seconds,
        f"{detected[0].operations} / {detected[0].preemptions}" if detected else "-",
    )


def _distinct(words: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(words))


def _remark(of: Sequence[Attempt]) -> str:
    """What is not as it should be, and with seeds how often it was found."""
    remarks: list[str] = []
    detected = sum(bool(attempt.detected_by) for attempt in of)
    if len(of) > 1:
        remarks.append(f"{detected} of {len(of)}")
    for attempt in of:
        if not attempt.detected_by:
            what = attempt.outcome.upper()
            if attempt.broke is not None:
                what += f": {attempt.broke.partition(chr(10))[0]}"
            elif attempt.cut is not None:
                what += f": {attempt.cut}"
            elif attempt.others:
                what += f", though it breaks {', '.join(attempt.others)}"
            remarks.append(f"{what} (seed {attempt.seed})")
            break
    return "; ".join(remarks)


def _figures(attempts: Sequence[Attempt], of: Attempts, exhibits: int) -> list[str]:
    detected = sum(all(a.detected_by for a in tried) for tried in of.values())
    lines = [
        f"{detected} of {len(of)} mutants detected by a clause they name",
        f"{exhibits} exhibits, {len(of) - exhibits} planted",
    ]
    times = [a.seconds for a in attempts if a.seconds is not None]
    if times:
        figures = f"median {median(times):.2f} s, worst {max(times):.2f} s"
        lines.append(f"seconds from the first judged step: {figures}")
    lines.append("size: operations / preemptions of the shrunk failure")
    return lines


def write_json(
    path: Path, attempts: Sequence[Attempt], mutants: Sequence[Mutant]
) -> None:
    """Every attempt, with what is known of its mutant, as a list of objects."""
    known = {mutant.name: mutant for mutant in mutants}
    data = [_told(attempt, known[attempt.mutant]) for attempt in attempts]
    path.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")


def _told(attempt: Attempt, mutant: Mutant) -> dict[str, object]:
    shown = (
        command(mutant.name, attempt.detected_by[0]) if attempt.detected_by else None
    )
    told = ATTEMPT.write(attempt)
    told |= {
        "outcome": attempt.outcome,
        "shown_by": shown,
        "kind": mutant.kind,
        "wrong": mutant.wrong,
        "source": mutant.source,
        "since": mutant.since,
        "tag": mutant.tag,
        "profile": mutant.profile,
        "names": list(mutant.clauses),
    }
    return told
