"""The command `memslots`."""

from __future__ import annotations

import json
import secrets
import sys
import traceback
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import NoReturn, TypeVar

import click

from memslot_conformance.cli.diff import diff_command
from memslot_conformance.cli.museum import museum_command
from memslot_conformance.cli.options import (
    FILE,
    SEEDS,
    blind_option,
    clauses_option,
    engine_option,
    given,
    jobs_option,
    layers_for,
    layers_option,
    level_option,
    no_fixed_option,
    print_lines,
    profile_option,
    seed_option,
    strict_option,
    verbose_option,
    without_fixed,
)
from memslot_conformance.cli.protocol import protocol_command
from memslot_conformance.findings.records import TargetFailed
from memslot_conformance.museum import run as museum_run
from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import first_witnesses
from memslot_conformance.report import clauses as explain
from memslot_conformance.report.console import report_width, version, wants_color
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import printable
from memslot_conformance.run import rejudge
from memslot_conformance.run.checking import (
    STREAM_NAME,
    ReportFolderError,
    Request,
    check,
    listing,
    look_for,
)
from memslot_conformance.run.evidence import ClauseEvidence, evidence_of
from memslot_conformance.run.smoke import smoke
from memslot_conformance.run.stream import StreamError, read_stream
from memslot_conformance.run.verdicts import Exit
from memslot_conformance.spelling import close_to
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    TargetBrokenError,
)
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.wire import HistoryError

T = TypeVar("T")


class Commands(click.Group):
    """The commands; what goes wrong in them never looks like a verdict."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and give an interrupt or a bug a status of its own."""
        try:
            result: object = super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("exit 4   interrupted", err=True)
            ctx.exit(Exit.INCONCLUSIVE)
        except (click.ClickException, click.Abort, click.exceptions.Exit, OSError):
            raise
        except Exception:  # noqa: BLE001 - a bug of the suite, whatever it is
            click.echo(traceback.format_exc(), err=True)
            click.echo("exit 3   the suite broke: this is a bug in it", err=True)
            ctx.exit(Exit.BROKE)
        return result


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="memslots", message="%(prog)s %(version)s")
def main() -> None:
    """Hold implementations of guest memory slots to their specification.

    Exit status, the first that applies: 2 usage, 1 does not conform, 3 the target
    or the suite broke, 4 inconclusive, 5 nothing ran, 0 conforms.
    """


@main.command("check")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@profile_option
@level_option
@seed_option
@click.option(
    "--max-time",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="What all targets together may take.",
)
@clauses_option
@jobs_option
@click.option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the report goes; else a new folder in memslots-report.",
)
@click.option("--list", "only_list", is_flag=True, help="Say what would run, and end.")
@strict_option
@blind_option
@layers_option
@no_fixed_option
@verbose_option
@engine_option
def check_command(  # noqa: PLR0913 - one for each option
    *,
    targets: tuple[str, ...],
    profile: str | None,
    level: str,
    seed: int | None,
    max_time: float | None,
    clauses: tuple[AnyClause, ...] | None,
    jobs: int,
    report_dir: Path | None,
    only_list: bool,
    strict: bool,
    blind: bool,
    layers: tuple[str, ...],
    no_fixed: bool,
    verbose: bool,
    engine: str,
) -> None:
    """Judge targets; without one: the reference, and the kernel where it is usable.

    A TARGET is reference, patch, museum:NAME, py:MODULE:FACTORY or kvm.
    """
    request = Request(
        targets=targets,
        profile=profile,
        level=level,
        seed=secrets.randbelow(SEEDS) if seed is None else seed,
        clauses=clauses or CLAUSES,
        layers=layers_for(engine, without_fixed(layers, no_fixed=no_fixed)),
        max_time=max_time,
        jobs=jobs,
        report_dir=report_dir,
        strict=strict,
        blind=blind,
        verbose=verbose,
        engine=engine,
        options=given(
            "profile", "max_time", "clauses", "strict", "blind", "layers", "engine"
        ),
    )
    try:
        present = look_for(request)
    except NoSuchTargetError as error:
        raise click.UsageError(str(error)) from error
    if only_list:
        print_lines(listing(request, present))
        broke = any(isinstance(record, TargetFailed) for record in present.told)
        sys.exit(Exit.BROKE if broke else Exit.CONFORMS)
    try:
        sys.exit(check(request, present, click.echo, sys.stderr))
    except ReportFolderError as error:
        message = f"no report can be written: {error}; --report-dir says where to"
        raise click.UsageError(message) from error
    except OSError as error:
        click.echo(f"exit 3   the run could not go on: {error}", err=True)
        sys.exit(Exit.BROKE)


@main.command("judge")
@click.argument("file", type=FILE)
@clauses_option
@strict_option
@verbose_option
def judge_command(
    file: Path, clauses: tuple[AnyClause, ...] | None, *, strict: bool, verbose: bool
) -> None:
    """Judge a recorded history, or a failure; show a run's report again."""
    look = _look(strict=strict, verbose=verbose)
    options = rejudge.Options(clauses=clauses, look=look)
    _finish(partial(rejudge.judge_file, file, options))


@main.command("replay")
@click.argument("file", type=FILE)
def replay_command(file: Path) -> None:
    """Run one recorded failure again, step by step.

    Exit status: 1 the failure came again, 3 it did not.
    """
    _finish(partial(rejudge.replay_file, file, _look()))


@main.command("clauses")
@click.argument("clause_id", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option(
    "--evidence", is_flag=True, help="Mark in the list how each clause is held."
)
@click.option(
    "--from",
    "report",
    type=click.Path(exists=True, path_type=Path),
    metavar="REPORT",
    help="With the evidence of a run: its report folder, or the stream in it.",
)
def clauses_command(
    clause_id: str | None, *, as_json: bool, evidence: bool, report: Path | None
) -> None:
    """List the clauses, or explain one."""
    chosen = CLAUSES if clause_id is None else (_clause(clause_id),)
    mutants = _mutants()
    found = None if report is None else _evidence(report, chosen)
    if as_json:
        data = [explain.as_json(clause, mutants, found) for clause in chosen]
        click.echo(json.dumps(data if clause_id is None else data[0], indent=2))
    elif clause_id is not None:
        width = report_width()
        clause = chosen[0]
        seen = first_witnesses(clause) if mutants else ()
        print_lines(
            explain.explained(clause, mutants, found=found, seen=seen, width=width)
        )
    elif evidence or found is not None:
        print_lines(explain.listed_with_evidence(chosen, found))
    else:
        print_lines(explain.listed(chosen))


def _evidence(
    report: Path, clauses: Sequence[AnyClause]
) -> dict[str, tuple[ClauseEvidence, ...]]:
    """What a run says of the clauses. Errors: `UsageError` where it is no run's."""
    path = report / STREAM_NAME if report.is_dir() else report
    try:
        records = read_stream(path).records
    except (StreamError, OSError) as error:
        raise click.UsageError(str(error)) from error
    return evidence_of(records, [clause.id for clause in clauses])


def _clause(clause_id: str) -> AnyClause:
    try:
        return clause_by_id(clause_id.upper())
    except KeyError:
        hint = close_to(clause_id.upper(), [clause.id for clause in CLAUSES])
        message = f"no clause {clause_id!r}; `memslots clauses` lists them.{hint}"
        raise click.UsageError(message) from None


def _mutants() -> tuple[Mutant, ...]:
    """The museum's catalogue; empty where the reference is not installed."""
    try:
        return museum_run.catalogue()
    except ModuleNotFoundError:
        return ()


@main.command("smoke")
@click.argument("target")
@profile_option
def smoke_command(target: str, profile: str | None) -> None:
    """Is the adapter itself sound? Says nothing about the implementation."""
    checks = _reached(lambda: smoke(target, profile))
    for check_ in checks:
        state = "BROKEN" if check_.problem else "ok"
        click.echo(printable(f"{state:7} {check_.name}"))
        for line in (check_.problem, check_.note):
            if line:
                click.echo(printable(f"        {line}"))
    if any(check_.problem for check_ in checks):
        click.echo("\nexit 3   the adapter is broken; nothing was judged")
        sys.exit(Exit.BROKE)
    click.echo(
        "\nexit 0   the adapter is sound; `memslots check` judges what it adapts"
    )


def _look(*, strict: bool = False, verbose: bool = False) -> Look:
    return Look(
        width=report_width(),
        color=wants_color(sys.stdout),
        strict=strict,
        verbose=verbose,
    )


def _finish(work: Callable[[], tuple[str, Exit]]) -> NoReturn:
    """Print what comes of it, and end with its status."""
    try:
        text, status = _reached(work)
    except (HistoryError, StreamError, OSError) as error:
        raise click.UsageError(str(error)) from error
    click.echo(text.rstrip())
    sys.exit(status)


def _reached(work: Callable[[], T]) -> T:
    """What comes of work on a target; ends the command where there is none."""
    try:
        return work()
    except NoSuchTargetError as error:
        raise click.UsageError(str(error)) from error
    except NotHereError as error:
        click.echo(f"exit 5   nothing ran: {error}")
        sys.exit(Exit.NOTHING_RAN)
    except TargetBrokenError as error:
        click.echo(f"the adapter is broken: {printable(error.broken.what)}")
        if error.broken.last:
            click.echo(f"at that time: {printable(error.broken.last)}")
        click.echo("\nexit 3   the adapter is broken; nothing was judged")
        sys.exit(Exit.BROKE)


main.add_command(museum_command)
main.add_command(protocol_command)
main.add_command(diff_command)
