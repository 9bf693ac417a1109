"""The lot is gone through by cosmic-ray, in copies of the tree, and can be gone on.

cosmic-ray changes files in place. So a folder of work has the tree as it was, and for
each worker a copy and a session, which knows what it has done:

    original/  targets.json  lot.json  cosmic-ray.toml  tree-0/  session-0.sqlite  ...
"""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from shutil import copyfile, copytree
from subprocess import Popen, run

from killer_judge import BROKE, LATE, ORIGINAL, PACKAGE, TARGETS, Judged, changed
from killer_lot import (
    Mutation,
    SessionError,
    ask,
    cut_down,
    drawn,
    means_something,
    read_session,
)
from killer_targets import targets_by_file
from tree_copies import LEFT_OUT

JUDGE = Path(__file__).with_name("killer_judge.py")
CONFIG, LOT, ALL = "cosmic-ray.toml", "lot.json", "all.sqlite"

NO_END = 24 * 3600
"""The seconds that cosmic-ray gives a command: what is late is said by the command."""

LATE_FOR_COSMIC_RAY = "timeout"
"""What cosmic-ray has for an output where it ended the command itself."""


class WorkError(Exception):
    """A folder of work is of something else, or its references do not survive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What came of one mutant. `line` is the first line that changed, as it was.

    `before` and `after` are all that was changed; `row` is of the line, then.
    """

    file: str
    operator: str
    occurrence: int
    row: int
    line: str
    before: str
    after: str
    outcome: str
    by: str
    target: str
    seconds: float
    seed: int
    max_time: float

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What names the mutant, as long as nobody changes its file before it."""
        return self.file, self.operator, self.occurrence, self.line


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A folder of work, and how its lot is drawn and judged.

    `python` is what has cosmic-ray and the project.
    """

    work: Path
    seed: int
    count: int
    max_time: float
    jobs: int
    python: str = sys.executable

    @property
    def cosmic_ray(self) -> tuple[str, ...]:
        """The command of cosmic-ray."""
        return (sys.executable, "-m", "cosmic_ray.cli")

    @property
    def drawn_by(self) -> dict[str, float]:
        """What the results rest on."""
        return {"seed": self.seed, "count": self.count, "max_time": self.max_time}


def prepare(plan: Plan, root: Path) -> None:
    """Draw the lot, once; restore what was left changed.

    Errors: `WorkError` where the folder has another lot, or the references do not
    survive unchanged; `SessionError`.
    """
    if not (plan.work / LOT).exists():
        _begin(plan, root)
    noted = json.loads((plan.work / LOT).read_text("utf-8"))
    if noted != plan.drawn_by:
        message = f"{plan.work} has another lot: {noted}, and not {plan.drawn_by}"
        raise WorkError(message)
    original = plan.work / ORIGINAL
    if others := changed(root, original):
        message = f"{plan.work} was begun when {', '.join(others)} read otherwise"
        raise WorkError(message)
    for tree in plan.work.glob("tree-*"):
        for file in changed(tree, original):
            copyfile(original / file, tree / file)


def _begin(plan: Plan, root: Path) -> None:
    original = plan.work / ORIGINAL
    if not original.exists():
        copytree(root, original, ignore=LEFT_OUT)
    targets = targets_by_file()
    (plan.work / TARGETS).write_text(json.dumps(targets), encoding="utf-8")
    command = [plan.python, str(JUDGE), str(plan.work)]
    command += [f"{plan.max_time:g}", str(plan.seed)]
    (plan.work / CONFIG).write_text(
        "[cosmic-ray]\n"
        f"module-path = {json.dumps(sorted(targets))}\n"
        f"timeout = {NO_END}\n"
        "excluded-modules = []\n"
        f"test-command = {json.dumps(shlex.join(command))}\n"
        '[cosmic-ray.distributor]\nname = "local"\n',
        encoding="utf-8",
    )
    config = str(plan.work / CONFIG)
    survives = run([*plan.cosmic_ray, "baseline", config], cwd=original, check=False)
    if survives.returncode:
        message = "the references do not survive unchanged"
        raise WorkError(message)
    everything = plan.work / ALL
    init = [*plan.cosmic_ray, "init", "--force", config, str(everything)]
    run(init, cwd=original, check=True)
    listed = read_session(everything)
    sensible = [one for one in listed if means_something(one, original)]
    lot = drawn(sensible, plan.seed, plan.count)
    print(f"{len(lot)} of {len(sensible)} changes, of {len(listed)} listed", flush=True)
    for number in range(plan.jobs):
        tree, session = plan.work / f"tree-{number}", _session(plan.work, number)
        if not tree.exists():
            copytree(original, tree)
        copyfile(everything, session)
        cut_down(session, [one.job for one in lot[number :: plan.jobs]])
    (plan.work / LOT).write_text(json.dumps(plan.drawn_by), encoding="utf-8")


def _session(work: Path, number: int) -> Path:
    return work / f"session-{number}.sqlite"


def go_on(plan: Plan) -> None:
    """Have cosmic-ray do what its sessions have not done yet, side by side."""
    running: list[Popen[bytes]] = []
    try:
        for session in sorted(plan.work.glob("session-*.sqlite")):
            tree = plan.work / session.stem.replace("session", "tree")
            command = [*plan.cosmic_ray, "exec", str(plan.work / CONFIG), str(session)]
            running.append(Popen(command, cwd=tree))
        for each in running:
            each.wait()
    finally:
        for each in running:
            each.kill()


def results(plan: Plan) -> list[Result]:
    """What is known by now, in the order of the files. Errors: `SessionError`."""
    sessions = sorted(plan.work.glob("session-*.sqlite"))
    found = [result for session in sessions for result in _of_session(session, plan)]
    return sorted(found, key=lambda one: (one.file, one.row, one.key))


def _of_session(session: Path, plan: Plan) -> Iterator[Result]:
    listed = {mutation.job: mutation for mutation in read_session(session)}
    answers = ask(session, "SELECT job_id, output, diff FROM work_results")
    for job, output, diff in answers:
        mutation = listed[str(job)]
        yield _result(mutation, str(output), str(diff or ""), plan)


def _result(mutation: Mutation, output: str, diff: str, plan: Plan) -> Result:
    lines = diff.splitlines()
    before = [one[1:].strip() for one in lines if one[:1] == "-" and one[:3] != "---"]
    after = [one[1:].strip() for one in lines if one[:1] == "+" and one[:3] != "+++"]
    judged = _judged(output)
    source = (plan.work / ORIGINAL / mutation.file).read_text("utf-8").splitlines()
    row = mutation.start[0]
    return Result(
        file=mutation.file.removeprefix(f"{PACKAGE}/"),
        operator=mutation.operator.rpartition("/")[2],
        occurrence=mutation.occurrence,
        row=row,
        line=source[row - 1].strip(),
        before="\n".join(before),
        after="\n".join(after),
        seed=plan.seed,
        max_time=plan.max_time,
        **asdict(judged),
    )


def _judged(output: str) -> Judged:
    """What the command said of a mutant, in the last line that it printed."""
    if output == LATE_FOR_COSMIC_RAY:
        return Judged(outcome=LATE, by="", target="", seconds=NO_END)
    last = output.rstrip().rpartition("\n")[2]
    try:
        return Judged(**json.loads(last))
    except (ValueError, TypeError):
        return Judged(outcome=BROKE, by=f"it said {last!r}", target="", seconds=0.0)


def write(found: Sequence[Result], file: Path) -> None:
    """Keep results, a line for each."""
    lines = [json.dumps(asdict(result)) + "\n" for result in found]
    file.write_text("".join(lines), encoding="utf-8")


def read(file: Path) -> list[Result]:
    """The results that were kept. Errors: `SessionError`, with file and line."""
    found: list[Result] = []
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            found.append(Result(**json.loads(line)))
        except (ValueError, TypeError) as error:
            names = ", ".join(each.name for each in fields(Result))
            message = f"{file}:{number}: no result ({error}); one has {names}"
            raise SessionError(message) from error
    return found
