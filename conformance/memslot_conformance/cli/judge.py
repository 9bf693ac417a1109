"""The commands `memslots judge` and `memslots replay`: what was recorded before."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from memslot_conformance.cli.ending import reached
from memslot_conformance.cli.options import (
    FILE,
    clauses_option,
    strict_option,
    verbose_option,
)
from memslot_conformance.cli.output import show
from memslot_conformance.report.console import report_width, wants_color
from memslot_conformance.report.recorded import judged, replayed
from memslot_conformance.report.table import Look
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.rejudge import judge_file, replay_file
from memslot_spec.clause import AnyClause
from memslot_spec.history.json_kinds import FileError


@click.command("judge")
@click.argument("file", type=FILE)
@clauses_option
@strict_option
@verbose_option
def judge_command(
    file: Path, clauses: tuple[AnyClause, ...] | None, *, strict: bool, verbose: bool
) -> None:
    """Judge a recorded history or failure; or show the report of a run again.

    FILE is a history, a failure file, or the report.ndjson of a run.
    """
    look = _look(strict=strict, verbose=verbose)
    _finish(lambda: judged(file, judge_file(file, clauses), look), look)


@click.command("replay")
@click.argument("file", type=FILE)
def replay_command(file: Path) -> None:
    """Run a recorded failure again, step by step.

    FILE is a failure file, from the folder failures of a report. It names a target,
    and a target py:MODULE:FACTORY is imported and called, also from the working
    directory, c:LIBRARY is loaded, and a target cmd:PROGRAM ARGUMENTS is started:
    replay a file only where you would run code from where it comes.
    `memslots judge` runs nothing of a file.

    Exit status: 1 the failure came again, 3 it did not.
    """
    look = _look()
    _finish(lambda: replayed(file, replay_file(file), look), look)


def _look(*, strict: bool = False, verbose: bool = False) -> Look:
    return Look(
        width=report_width(),
        color=wants_color(sys.stdout),
        strict=strict,
        verbose=verbose,
    )


def _finish(work: Callable[[], tuple[str, Exit]], look: Look) -> NoReturn:
    """Print what comes of it, and end with its status."""
    try:
        text, status = reached(work)
    except (FileError, OSError) as error:
        raise click.UsageError(str(error)) from error
    show(text.rstrip(), color=look.color)
    sys.exit(status)
