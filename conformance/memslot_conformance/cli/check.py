"""The command `memslots check`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TextIO

import click

from memslot_conformance.cli.options import (
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
from memslot_conformance.cli.output import show
from memslot_conformance.findings.records import Found, TargetFailed
from memslot_conformance.layers.drawn import ENGINES
from memslot_conformance.report.console import report_width, wants_color
from memslot_conformance.report.opening import listing, opening
from memslot_conformance.report.progress import Watcher, watching
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.checking import (
    Checking,
    NothingToShowError,
    ReportFolderError,
    look_for,
)
from memslot_conformance.run.cluster import SCHEME, Cluster, ClusterError
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.planning import stays_here
from memslot_conformance.run.request import CheckRequest, Present
from memslot_conformance.targets.probe import NoSuchTargetError
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES

REPEATED = (
    "profile",
    "max_time",
    "clauses",
    "first",
    "strict",
    "blind",
    "layers",
    "engine",
    "scenarios",
)
"""The options of a check that its command line is given again; and `--jobs`, where the
time counts."""


@click.command("check")
@click.argument("targets", nargs=-1, metavar="[TARGET]...")
@profile_option
@level_option
@seed_option
@click.option(
    "--max-time",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit for all targets together, longer than the level's or shorter.",
)
@click.option(
    "--scenarios",
    type=click.IntRange(min=1),
    metavar="N",
    help="Play N scenarios of each drawn layer in place of a time: the same ones, "
    "whatever the number of workers.",
)
@clauses_option
@jobs_option
@click.option(
    "--executor",
    metavar="dask://HOST:PORT",
    help="Play the parts of the targets on a Dask cluster; needs --scenarios.",
)
@click.option(
    "--report-dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the report; without it, a new one in memslots-report.",
)
@click.option(
    "--list", "only_list", is_flag=True, help="Say what would run; run nothing."
)
@click.option("-x", "--first", is_flag=True, help="End the run at the first finding.")
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
    scenarios: int | None,
    clauses: tuple[AnyClause, ...] | None,
    jobs: int,
    executor: str | None,
    report_dir: Path | None,
    only_list: bool,
    first: bool,
    strict: bool,
    blind: bool,
    layers: tuple[str, ...],
    no_fixed: bool,
    verbose: bool,
    engine: str,
) -> None:
    """Judge targets; by default both references, and the kernel if it is usable.

    A TARGET is reference, reference-linux, reference-ranges, patch, museum:NAME,
    lawful:NAME, py:MODULE:FACTORY, c:LIBRARY[:SYMBOL], 'cmd:PROGRAM ARGUMENTS' or kvm.
    """
    _refuse_what_does_not_fit(max_time, scenarios, executor, engine)
    request = CheckRequest(
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
        first=first,
        engine=engine,
        scenarios=scenarios,
        executor=executor,
        options=given(*REPEATED, *(("jobs",) if scenarios is None else ())),
    )
    try:
        present = look_for(request)
    except (NoSuchTargetError, NothingToShowError) as error:
        raise click.UsageError(str(error)) from error
    if only_list:
        print_lines(listing(request, present))
        broke = any(isinstance(record, TargetFailed) for record in present.told)
        sys.exit(Exit.BROKE if broke else Exit.CONFORMS)
    try:
        with _cluster(request, present) as cluster:
            status = _check(request, present, cluster, sys.stderr)
        sys.exit(status)
    except ClusterError as error:
        raise click.UsageError(str(error)) from error
    except ReportFolderError as error:
        message = f"cannot write the report: {error}; --report-dir names another folder"
        raise click.UsageError(message) from error


def _refuse_what_does_not_fit(
    max_time: float | None,
    scenarios: int | None,
    executor: str | None,
    engine: str,
) -> None:
    """Errors: `UsageError` where options exclude or want each other."""
    message = ""
    if scenarios is not None and max_time is not None:
        message = "--scenarios counts and --max-time measures; give one of them"
    elif scenarios is not None and engine != ENGINES[0]:
        message = f"--engine {engine} is bounded by time and not by --scenarios"
    elif executor is not None and not executor.startswith(SCHEME):
        message = f"--executor {executor!r} must read {SCHEME}HOST:PORT"
    elif executor is not None and scenarios is None:
        message = "--executor needs --scenarios: the clocks of machines are not one"
    if message:
        raise click.UsageError(message)


@contextmanager
def _cluster(request: CheckRequest, present: Present) -> Generator[Cluster | None]:
    """The cluster that was asked for, if one was; it has the same targets.

    Errors: `ClusterError`.
    """
    if request.executor is None:
        yield None
        return
    with closing(Cluster(request.executor)) as cluster:
        away = [each for each in present.probed.values() if not stays_here(each)]
        cluster.check(away, request.profile)
        yield cluster


def _check(
    request: CheckRequest, present: Present, cluster: Cluster | None, errors: TextIO
) -> Exit:
    """Run the check and print its report.

    Errors: `ReportFolderError`; `OSError` where the report cannot be written on.
    """
    with Checking(request, present) as check:
        told = present.told
        jobs = request.jobs if cluster is None else cluster.slots
        for line in opening(check.started, check.plans, jobs, check.file, told):
            show(line)
        with watching(check.plans, errors) as watcher:
            problem = _run(check, watcher, cluster)
        look = Look(
            width=report_width(),
            color=wants_color(sys.stdout),
            strict=request.strict,
            again=request.command,
            problem=problem,
            verbose=request.verbose,
        )
        text, status = report(check.records, request.clauses, look)
        if problem is None:
            check.end(status)
    show(text.rstrip(), color=look.color)
    return status


def _run(check: Checking, watcher: Watcher, cluster: Cluster | None) -> str | None:
    """Run it; why it is incomplete, or None.

    What was found is told also where the report cannot be written on. Errors:
    `OSError` where nothing was found.
    """
    try:
        return check.run(watcher.hear, cluster)
    except OSError as error:
        if not any(isinstance(record, Found) for record in check.records):
            raise
        return f"the run stopped: {error}"
