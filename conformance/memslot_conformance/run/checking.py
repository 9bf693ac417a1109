"""What `memslots check` does: it looks for targets, plans, runs, writes the stream."""

from __future__ import annotations

import platform
import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from memslot_conformance.clock import Stopwatch
from memslot_conformance.environment import cpus, version
from memslot_conformance.findings.records import (
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetPlan,
    TargetSkipped,
)
from memslot_conformance.layers import layers
from memslot_conformance.run import campaign
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.stream import StreamWriter
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    Probed,
    TargetBrokenError,
    probe,
)
from memslot_spec.clause import AnyClause
from memslot_spec.compiled import which_judge
from memslot_spec.judging.applies import not_applicable
from memslot_spec.judging.blind import blind

LEVEL_SECONDS = {"quick": 40.0, "standard": 240.0, "deep": 3600.0}
"""What one target may take, unless `--max-time` says something else."""

STANDARD_TARGETS = ("reference", "reference-linux", "kvm")
"""What is judged where no target is named; the kernel only where it is usable."""

STREAM_NAME = "report.ndjson"

IN_PROCESS = ("reference", "patch", "museum:", "lawful:", "py:")
"""How the names of targets begin that run as Python in their worker's process."""

NOT_IN_PROCESS = "not applicable: engine crosshair needs a target in Python"


FEW = 3
"""Clauses of one reason that are named; of more the number is told."""


class ReportFolderError(Exception):
    """Nothing can be written where the report is to go."""


class NothingToShowError(Exception):
    """No target can show any of the clauses that were asked for; why not each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
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
    first: bool = False
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


def look_for(request: CheckRequest) -> Present:
    """Load each target once; one that can show none of the clauses is skipped.

    Errors: `NoSuchTargetError`; `NothingToShowError` where it is so with all.
    """
    present = Present()
    unfit: list[TargetSkipped] = []
    for name in dict.fromkeys(request.targets or STANDARD_TARGETS):
        present.names.append(name)
        if request.engine == "crosshair" and not name.startswith(IN_PROCESS):
            present.told.append(TargetSkipped(target=name, reason=NOT_IN_PROCESS))
            continue
        try:
            probed = probe(name, request.profile)
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
        else:
            why = _shows_none(probed, request)
            if why is None:
                present.probed[name] = probed
            else:
                unfit.append(TargetSkipped(target=name, reason=why))
    if unfit and not present.probed:
        raise NothingToShowError("; ".join(f"{u.target}: {u.reason}" for u in unfit))
    present.told.extend(unfit)
    return present


def _shows_none(probed: Probed, request: CheckRequest) -> str | None:
    """Why the target can be held to none of the clauses; None if to any."""
    header = blind(probed.header) if request.blind else probed.header
    of_reason: dict[str, list[str]] = {}
    for clause in request.clauses:
        reason = not_applicable(clause, header)
        if reason is None:
            return None
        of_reason.setdefault(reason, []).append(clause.id)
    said = [
        f"{', '.join(ids) if len(ids) <= FEW else f'{len(ids)} clauses'}: {reason}"
        for reason, ids in of_reason.items()
    ]
    return f"it can show none of the clauses asked for ({'; '.join(said)})"


def plans_of(
    request: CheckRequest, present: Present, failures: Path
) -> list[TargetPlan]:
    """A plan for each target that can run."""
    seconds = LEVEL_SECONDS[request.level]
    if request.max_time is not None:
        rounds = -(-len(present.probed) // request.jobs) or 1
        seconds = request.max_time / rounds
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
            stop_at_first=request.first,
            engine=request.engine,
        )
        for name in present.probed
    ]


class Checking:
    """A check on its way: its records are kept, and written as they come.

    Errors: `ReportFolderError`; `OSError` where the report cannot be written on.
    """

    def __init__(self, request: CheckRequest, present: Present) -> None:
        self.started = _started(request, present)
        folder = request.report_dir or _own_folder(self.started)
        self.file = folder / STREAM_NAME
        self.plans = plans_of(request, present, folder / "failures")
        self.records: list[Record] = []
        self._jobs, self._first = request.jobs, request.first
        self._stream = _opened(self.file)
        self._watch = Stopwatch()
        for record in (self.started, *present.told):
            self._hear(record)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close()

    def _hear(self, record: Record) -> None:
        self.records.append(record)
        self._stream.write(record)

    def run(self, follow: campaign.OnRecord) -> str | None:
        """Run the plans, and hand on each record; why it is incomplete, or None."""

        def hear(record: Record) -> None:
            self._hear(record)
            follow(record)

        try:
            campaign.run(
                self.plans,
                jobs=self._jobs,
                limits=campaign.WorkerLimits(),
                on_record=hear,
                work=layers.run_target,
                first=self._first,
            )
        except KeyboardInterrupt:
            return "interrupted"
        return None

    def end(self, status: Exit) -> None:
        """Write that the run came to its end, and how."""
        seconds = round(self._watch.seconds, 3)
        self._hear(RunFinished(exit_status=int(status), seconds=seconds))


def _opened(file: Path) -> StreamWriter:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        return StreamWriter(file)
    except OSError as error:
        raise ReportFolderError(str(error)) from error


def _started(request: CheckRequest, present: Present) -> RunStarted:
    return RunStarted(
        version=version(),
        started=datetime.now(UTC).isoformat(timespec="seconds"),
        level=request.level,
        seed=request.seed,
        targets=tuple(present.names),
        clauses=len(request.clauses),
        host=(
            f"{platform.system()} {platform.release()} {platform.machine()}, "
            f"Python {platform.python_version()}, {cpus()} CPUs, "
            f"judge {which_judge()}"
        ),
    )


def _own_folder(started: RunStarted) -> Path:
    """A new folder for each run, below one that version control ignores."""
    time = started.started.partition("+")[0].replace(":", "").replace("-", "")
    return Path("memslots-report") / f"{time}-{started.seed}"
