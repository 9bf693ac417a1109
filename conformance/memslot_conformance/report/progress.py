"""What a run shows while it runs: a live display, or one line for each event.

Written to the error stream, so that the report can be piped on its own.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from typing import Protocol, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    DataRace,
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_conformance.report.console import printable
from memslot_conformance.report.terminal import layer_words
from memslot_conformance.run.verdicts import headline


class Watcher(Protocol):
    """Something that follows a run, record by record."""

    def hear(self, record: Record) -> None:
        """Show what this record changes."""
        ...


@contextmanager
def watching(plans: Sequence[TargetPlan], out: TextIO) -> Generator[Watcher]:
    """Follow the run of these plans: live where `out` is a terminal."""
    if not out.isatty():
        yield QuietLines(out)
        return
    console = Console(file=out, highlight=False)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[doing]}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as progress:
        yield _Live(progress, plans)


class QuietLines:
    """A line for each thing that ended; nothing moves."""

    def __init__(self, out: TextIO) -> None:
        self._out = out

    def hear(self, record: Record) -> None:
        """Print the line of this record, if it has one."""
        match record:
            case LayerDone():
                line = f"{record.target}  {record.layer}: {layer_words(record)}"
            case Found(replaces=False):
                where = f"{record.layer}, after {record.seconds:.1f} s"
                line = f"{record.target}  FAIL {record.clause} ({where})"
            case DataRace():
                line = f"{record.target}  RACE {record.what}"
            case TargetFailed(replaces=False):
                line = f"{record.target}  ERROR {headline(record.what)}"
            case TargetSkipped():
                line = f"{record.target}  skipped: {record.reason}"
            case _:
                return
        self._out.write(printable(line) + "\n")
        self._out.flush()


class _Live:
    """A bar for each target, which moves with its layers."""

    def __init__(self, progress: Progress, plans: Sequence[TargetPlan]) -> None:
        self._progress = progress
        self._failed: dict[str, int] = dict.fromkeys((p.target for p in plans), 0)
        self._tasks: dict[str, TaskID] = {
            plan.target: progress.add_task(
                plan.target, total=len(plan.layers), start=False, doing="waiting"
            )
            for plan in plans
        }

    def hear(self, record: Record) -> None:
        """Move the bar of the record's target."""
        target = getattr(record, "target", None)
        if not isinstance(target, str) or target not in self._tasks:
            return
        match record:
            case TargetStarted():
                self._progress.start_task(self._tasks[target])
                self._say(target, "running")
            case LayerDone():
                self._progress.advance(self._tasks[target])
                self._say(target, f"layer {record.layer} done")
            case Found(replaces=False):
                self._failed[target] += 1
                self._say(target, f"layer {record.layer}")
            case TargetFailed():
                self._say(target, "broke")
                self._progress.stop_task(self._tasks[target])
            case TargetFinished():
                self._say(target, "done")
                self._progress.stop_task(self._tasks[target])
            case _:
                pass

    def _say(self, target: str, doing: str) -> None:
        broken = self._failed[target]
        more = f", {broken} clauses broken" if broken else ""
        self._progress.update(self._tasks[target], doing=doing + more)
