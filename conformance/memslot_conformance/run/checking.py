"""What `memslots check` does: it plans, runs, writes the stream, and reports."""

from __future__ import annotations

import platform
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

from memslot_conformance.clock import Stopwatch
from memslot_conformance.findings.records import (
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetPlan,
    TargetSkipped,
)
from memslot_conformance.layers import layers
from memslot_conformance.report.console import cpus, report_width, version, wants_color
from memslot_conformance.report.progress import watching
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import header, report
from memslot_conformance.run import campaign
from memslot_conformance.run.stream import StreamWriter
from memslot_conformance.run.verdicts import Exit
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    Probed,
    TargetBrokenError,
    probe,
)
from memslot_spec.clause import AnyClause

LEVEL_SECONDS = {"quick": 40.0, "standard": 240.0, "deep": 3600.0}
"""What one target may take, unless `--max-time` says less."""

STANDARD_TARGETS = ("reference", "reference-linux", "kvm")
"""What is judged where no target is named; the kernel only where it is usable."""

STREAM_NAME = "report.ndjson"

IN_PROCESS = ("reference", "patch", "museum:", "py:")
"""How the names of targets begin that run as Python in their worker's process."""

NOT_IN_PROCESS = (
    "not applicable: engine crosshair follows Python code, and this target is none"
)


class ReportFolderError(Exception):
    """Nothing can be written where the report is to go."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A check as it was asked for; `targets` is empty where none was named."""

    targets: tuple[str, ...]
    profile: str | None
    level: str
    seed: int
    clauses: tuple[AnyClause, ...]
    layers: tuple[str, ...]
    max_time: float | None
    jobs: int
    report_dir: Path | None
    strict: bool = False
    blind: bool = False
    verbose: bool = False
    engine: str = "hypothesis"
    options: tuple[str, ...] = ()

    @property
    def command(self) -> str:
        """The command line that asks for the same again."""
        words = ("memslots", "check", *self.targets, *self.options)
        return shlex.join((*words, "--level", self.level, "--seed", str(self.seed)))


@dataclass(slots=True)
class Present:
    """The targets as they were found: those that can run, and why others cannot."""

    probed: dict[str, Probed] = field(default_factory=dict[str, Probed])
    told: list[Record] = field(default_factory=list[Record])
    names: list[str] = field(default_factory=list[str])


def look_for(request: Request) -> Present:
    """Load each target once. Errors: `NoSuchTargetError`."""
    present = Present()
    for name in dict.fromkeys(request.targets or STANDARD_TARGETS):
        present.names.append(name)
        if request.engine == "crosshair" and not name.startswith(IN_PROCESS):
            present.told.append(TargetSkipped(target=name, reason=NOT_IN_PROCESS))
            continue
        try:
            present.probed[name] = probe(name, request.profile)
        except NotHereError as error:
            present.told.append(TargetSkipped(target=name, reason=str(error)))
        except TargetBrokenError as error:
            what, last = error.broken.what, error.broken.last
            present.told.append(
                TargetFailed(target=name, what=what, last=last or "loading the target")
            )
        except NoSuchTargetError as error:
            if request.targets:
                raise
            present.told.append(TargetSkipped(target=name, reason=str(error)))
    return present


def plans_of(request: Request, present: Present, failures: Path) -> list[TargetPlan]:
    """A plan for each target that can run."""
    seconds = LEVEL_SECONDS[request.level]
    if request.max_time is not None:
        rounds = -(-len(present.probed) // request.jobs) or 1
        seconds = min(seconds, request.max_time / rounds)
    return [
        TargetPlan(
            target=name,
            profile=request.profile,
            level=request.level,
            seed=request.seed,
            layers=request.layers,
            clauses=tuple(clause.id for clause in request.clauses),
            seconds=seconds,
            failures_dir=str(failures),
            blind=request.blind,
            engine=request.engine,
        )
        for name in present.probed
    ]


def budget(plans: Sequence[TargetPlan], jobs: int) -> list[str]:
    """What the targets may take, where there are any."""
    return [
        f"budget   {plan.seconds:g} s for each target, {jobs} at a time"
        for plan in plans[:1]
    ]


def listing(request: Request, present: Present) -> list[str]:
    """What would run and what it needs, a paragraph for each target."""
    lines: list[str] = []
    for name, probed in present.probed.items():
        has = probed.header.capabilities
        applicable = len(probed.applicable(request.clauses))
        lines += [
            f"{name}  {probed.description}",
            f"  profile       {probed.header.profile}",
            f"  interleaving  {has.interleaving.value}",
            f"  operations    {', '.join(has.operations)}",
            f"  layers        {', '.join(request.layers)}",
            f"  clauses       {applicable} of {len(request.clauses)} can be shown",
            f"  needs         {NEEDS.get(name.partition(':')[0], NEEDS[''])}",
            f"  at most       {LEVEL_SECONDS[request.level]:g} s at this level",
        ]
    for record in present.told:
        if isinstance(record, TargetSkipped):
            lines.append(f"{record.target}  would be skipped: {record.reason}")
        elif isinstance(record, TargetFailed):
            lines.append(f"{record.target}  cannot be loaded: {record.what}")
    return lines


NEEDS = {
    "": "nothing beyond this package",
    "py": "its module, found in the working directory or on sys.path",
    "kvm": "read and write permission on /dev/kvm",
}
"""What a target of this kind needs to run."""


def check(
    request: Request, present: Present, out: Callable[[str], None], errors: TextIO
) -> Exit:
    """Run the check and print its report.

    Errors: `ReportFolderError`; `OSError` where the report cannot be written on.
    """
    started = _started(request, present)
    folder = request.report_dir or _own_folder(started)
    plans = plans_of(request, present, folder / "failures")
    stream = _opened(folder)
    for line in header(started):
        out(line)
    for line in budget(plans, request.jobs):
        out(line)
    out(f"report   {folder / STREAM_NAME}")
    for record in present.told:
        if isinstance(record, TargetSkipped):
            out(f"skipped  {record.target}: {record.reason}")
    out("")
    look = Look(
        width=report_width(),
        color=wants_color(sys.stdout),
        strict=request.strict,
        again=request.command,
        verbose=request.verbose,
    )
    with stream:
        run = _Run(request, stream)
        for record in (started, *present.told):
            run.hear(record)
        problem = run.through(plans, errors)
        look = replace(look, problem=problem)
        text, status = report(run.records, request.clauses, look)
        if problem is None:
            run.hear(RunFinished(exit_status=int(status), seconds=run.seconds))
    out(text.rstrip())
    return status


def _opened(folder: Path) -> StreamWriter:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        return StreamWriter(folder / STREAM_NAME)
    except OSError as error:
        raise ReportFolderError(str(error)) from error


class _Run:
    """The records of one check, kept and written as they come."""

    def __init__(self, request: Request, stream: StreamWriter) -> None:
        self.records: list[Record] = []
        self._request = request
        self._stream = stream
        self._watch = Stopwatch()

    @property
    def seconds(self) -> float:
        """Since it began."""
        return round(self._watch.seconds, 3)

    def hear(self, record: Record) -> None:
        """Keep a record, and write it."""
        self._stream.write(record)
        self.records.append(record)

    def through(self, plans: Sequence[TargetPlan], errors: TextIO) -> str | None:
        """Run the plans; why it is incomplete, or None."""
        with watching(plans, errors) as watcher:

            def hear(record: Record) -> None:
                self.hear(record)
                watcher.hear(record)

            try:
                campaign.run(
                    plans,
                    jobs=self._request.jobs,
                    limits=campaign.Limits(),
                    on_record=hear,
                    work=layers.run_target,
                )
            except KeyboardInterrupt:
                return "interrupted"
        return None


def _started(request: Request, present: Present) -> RunStarted:
    return RunStarted(
        version=version(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        level=request.level,
        seed=request.seed,
        targets=tuple(present.names),
        clauses=len(request.clauses),
        host=(
            f"{platform.system()} {platform.release()} {platform.machine()}, "
            f"Python {platform.python_version()}, {cpus()} CPUs"
        ),
    )


def _own_folder(started: RunStarted) -> Path:
    """A new folder for each run, below one that version control ignores."""
    time = started.started.partition("+")[0].replace(":", "").replace("-", "")
    return Path("memslots-report") / f"{time}-{started.seed}"
