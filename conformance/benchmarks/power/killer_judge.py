"""What the suite says of a mutant: the command that cosmic-ray runs for each.

    python killer_judge.py WORK MAX_TIME SEED

It is run in the tree that was changed. WORK has the tree as it was, and what targets
run each file. The suite's status is not passed on, for cosmic-ray takes any but 0 as a
kill: here a kill is a finding, or an error of the target itself. The status is 1 for a
kill and 0 otherwise, and the last line printed is a `Judged` as JSON.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path.insert(0, str(Path(__file__).parents[2] / "mutation"))

from memslot_conformance.findings.records import (
    Found,
    Record,
    TargetFailed,
)
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.stream import read_stream
from tree_copies import Ran, Tree, python

PACKAGE = "reference/memslot_reference"
"""What is changed: the folder of both references."""

ORIGINAL, TARGETS = "original", "targets.json"
"""In WORK: the tree as it was, and by file of `PACKAGE` the targets that run it."""

KILLED, SURVIVED, LATE, BROKE = "killed", "survived", "timed out", "broke"
"""What may come of a mutant. `timed out` is the time-out of this command, and no word
of the suite; `broke` is an error that does not come from the target."""

WORST_FIRST = (KILLED, BROKE, LATE, SURVIVED)
"""Of two targets that run a mutant, what the one says before what the other does."""

FINDING, RAISED, IMPORT, HANG = "finding", "raised", "import", "hang"
CONTRADICTS = "contradicts itself"

HUNG = ("did not finish", "waits for ever")
NAMING = ("its points contradict its introspection: ", "TargetError: ")
"""What the suite says of a hang, and where it names what disagrees in the target."""

LOADING = "loading the target"
"""What a target was doing where its import failed."""

OF_TARGET = re.compile(rf"{PACKAGE}/\w+\.py")

KEPT = 200
"""Characters of what an error said."""

PATIENCE, LEAST_SECONDS = 4.0, 120.0
"""The command of one target may take so many times its time, and so many seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What came of a mutant, of which target, and by what.

    `by` is the sort of a kill, with the clause or the first line of the error; where it
    is none, the exit status by its name.
    """

    outcome: str
    by: str
    target: str
    seconds: float


def classify(
    status: int | None, records: Sequence[Record], output: str
) -> tuple[str, str]:
    """What came of it and by what, from how one `memslots check` ended."""
    found = [record for record in records if isinstance(record, Found)]
    failed = [record for record in records if isinstance(record, TargetFailed)]
    if status is None:
        return LATE, ""
    if status == Exit.DOES_NOT_CONFORM and found:
        return KILLED, f"{FINDING}: {found[0].clause}"
    if status in {Exit.CONFORMS, Exit.INCONCLUSIVE, Exit.NOTHING_RAN}:
        return SURVIVED, Exit(status).name.lower().replace("_", " ")
    if status == Exit.BROKE and failed:
        said = [_of_failure(record) for record in failed]
        return next((one for one in said if one[0] == KILLED), said[0])
    # Python itself ends with 1 as well, and with no report.
    return BROKE, f"status {status}: {output.rstrip()[-KEPT:]}"


def _of_failure(record: TargetFailed) -> tuple[str, str]:
    first = record.what.partition("\n")[0][:KEPT]
    if first.startswith(HUNG):
        return KILLED, f"{HANG}: {first}"
    for words in NAMING:
        if words in record.what:
            said = record.what[record.what.index(words) :]
            return KILLED, f"{CONTRADICTS}: {said[:KEPT]}"
    if OF_TARGET.search(record.what):
        sort = IMPORT if record.last == LOADING else RAISED
        return KILLED, f"{sort}: {first}"
    return BROKE, first


def worst(judged: Iterable[Judged]) -> Judged:
    """What is said of a mutant that several targets run: the first kill, if any."""
    return min(judged, key=lambda one: WORST_FIRST.index(one.outcome))


def judge(root: Path, targets: Sequence[str], max_time: float, seed: int) -> Judged:
    """Have the targets checked in this tree, one after the other, up to a kill."""
    said: list[Judged] = []
    for target in targets:
        ran, records = _check(root, target, max_time, seed)
        outcome, by = classify(ran.status, records, ran.output)
        seconds = ran.seconds
        said.append(Judged(outcome=outcome, by=by, target=target, seconds=seconds))
        if outcome == KILLED:
            break
    return replace(worst(said), seconds=round(sum(one.seconds for one in said), 1))


def _check(
    root: Path, target: str, max_time: float, seed: int
) -> tuple[Ran, tuple[Record, ...]]:
    with TemporaryDirectory(prefix="memslots-") as folder:
        reports = Path(folder) / "report"
        command = python(
            *("-m", "memslot_conformance", "check", target, "-x"),
            *("--max-time", f"{max_time:g}", "--seed", str(seed), "--jobs", "1"),
            *("--report-dir", str(reports)),
        )
        ran = Tree(root).run(command, max(PATIENCE * max_time, LEAST_SECONDS))
        file = reports / "report.ndjson"
        records = read_stream(file).records if file.exists() else ()
    return ran, records


def changed(root: Path, original: Path) -> list[str]:
    """The files of the package that are not as they were, by path in the tree."""
    return sorted(
        str(file.relative_to(original))
        for file in (original / PACKAGE).rglob("*.py")
        if (root / file.relative_to(original)).read_bytes() != file.read_bytes()
    )


def main(words: Sequence[str]) -> int:
    """Judge the tree here; 1 where it is killed."""
    work, max_time, seed = Path(words[0]), float(words[1]), int(words[2])
    by_file: dict[str, list[str]] = json.loads((work / TARGETS).read_text("utf-8"))
    files = changed(Path.cwd(), work / ORIGINAL) or list(by_file)
    targets = dict.fromkeys(target for file in files for target in by_file[file])
    judged = judge(Path.cwd(), list(targets), max_time, seed)
    print(json.dumps(asdict(judged)))
    return int(judged.outcome == KILLED)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
