"""What `memslots check` does: it looks for targets, plans, runs, writes the stream."""

from __future__ import annotations

import platform
from datetime import UTC, datetime
from itertools import chain, count
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
    TargetSkipped,
)
from memslot_conformance.run import campaign
from memslot_conformance.run.cluster import Cluster
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.run.planning import plans_of
from memslot_conformance.run.preloaded import run_part
from memslot_conformance.run.request import CheckRequest, Present
from memslot_conformance.run.stream import StreamWriter
from memslot_conformance.targets.probe import SECONDS as LOADING_SECONDS
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    Probed,
    TargetBrokenError,
    probe,
)
from memslot_spec.compiled import which_judge
from memslot_spec.judging.applies import not_applicable
from memslot_spec.judging.blind import blind

STANDARD_TARGETS = ("reference", "reference-linux", "kvm")
"""What is judged where no target is named; the kernel only where it is usable."""

STREAM_NAME = "report.ndjson"
FAILURES = "failures"

IN_PROCESS = ("reference", "patch", "museum:", "lawful:", "py:")
"""How the names of targets begin that run as Python in their worker's process."""

NOT_IN_PROCESS = "not applicable: engine crosshair needs a target in Python"


FEW = 3
"""Clauses of one reason that are named; of more the number is told."""


class ReportFolderError(Exception):
    """Nothing can be written where the report is to go."""


class NothingToShowError(Exception):
    """No target can show any of the clauses that were asked for; why not each."""


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
            probed = probe(name, request.profile, seconds=_loading(request))
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


def _loading(request: CheckRequest) -> float:
    """Seconds that a target may take to be loaded and looked at for the first time.

    A time that is asked for bounds that too, with the grace that every worker has.
    """
    if request.max_time is None:
        return LOADING_SECONDS
    return min(request.max_time + WorkerLimits().grace_seconds, LOADING_SECONDS)


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


class Checking:
    """A check on its way: its records are kept, and written as they come.

    Errors: `ReportFolderError`; `OSError` where the report cannot be written on.
    """

    def __init__(self, request: CheckRequest, present: Present) -> None:
        self.started = _started(request, present)
        folder = request.report_dir or own_folder(self.started)
        self.file = folder / STREAM_NAME
        self.plans = plans_of(request, present, folder / FAILURES)
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

    def run(
        self, follow: campaign.OnRecord, cluster: Cluster | None = None
    ) -> str | None:
        """Run the plans, and hand on each record; why it is incomplete, or None."""

        def hear(record: Record) -> None:
            self._hear(record)
            follow(record)

        try:
            campaign.run(
                self.plans,
                jobs=self._jobs if cluster is None else cluster.slots,
                limits=WorkerLimits(),
                on_record=hear,
                work=run_part,
                first=self._first,
                elsewhere=cluster,
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
    except OSError as error:
        raise ReportFolderError(str(error)) from error
    try:
        if _has_entries(file.parent / FAILURES):
            message = f"{file.parent} has the failures of another run"
            raise ReportFolderError(message)
        return StreamWriter(file)
    except FileExistsError as error:
        message = f"{file} is there: it is of another run"
        raise ReportFolderError(message) from error
    except OSError as error:
        raise ReportFolderError(str(error)) from error


def _has_entries(folder: Path) -> bool:
    return folder.is_dir() and next(folder.iterdir(), None) is not None


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


def own_folder(started: RunStarted) -> Path:
    """A new folder for each run, below one that version control ignores."""
    time = started.started.partition("+")[0].replace(":", "").replace("-", "")
    folder = Path("memslots-report") / f"{time}-{started.seed}"
    more = (folder.with_name(f"{folder.name}-{n}") for n in count(2))
    return next(each for each in chain((folder,), more) if not each.exists())
