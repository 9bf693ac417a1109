"""The command `memslots museum`."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from memslot_conformance.cli.options import (
    SEEDS,
    NewFile,
    blind_option,
    jobs_option,
    layers_option,
    level_option,
    no_fixed_option,
    print_lines,
    seed_option,
    without_fixed,
)
from memslot_conformance.cli.output import show
from memslot_conformance.environment import version
from memslot_conformance.museum import adequacy, lawful
from memslot_conformance.museum import run as museum_run
from memslot_conformance.museum.entries import Settings, UnknownEntryError
from memslot_conformance.museum.lawful import Hearing
from memslot_conformance.museum.neighbours import AccusedError
from memslot_conformance.museum.run import Attempt, Mutant
from memslot_conformance.report import lawful as lawful_report
from memslot_conformance.report import track_record
from memslot_conformance.report.adequacy import table
from memslot_conformance.run.exits import Exit

SECONDS = {"quick": 15.0, "standard": 60.0, "deep": 300.0}
"""What one run on one mutant may take, by level."""


@click.command("museum")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@level_option
@seed_option
@click.option(
    "--seeds",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="How many seeds to run each mutant with, from --seed upwards.",
)
@click.option(
    "--max-time",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Time limit for one run of one mutant; by level 15, 60 or 300.",
)
@jobs_option
@layers_option
@no_fixed_option
@blind_option
@click.option(
    "--lawful",
    "only_lawful",
    is_flag=True,
    help="Hold the lawful variants to every clause: none may be accused.",
)
@click.option("--list", "only_list", is_flag=True, help="List them; run nothing.")
@click.option(
    "--adequacy",
    "only_adequacy",
    is_flag=True,
    help="Show for each clause its witnesses, mutants and lawful neighbours.",
)
@click.option(
    "--json",
    "json_file",
    type=NewFile(),
    help="Write the results to this file, too.",
)
def museum_command(  # noqa: PLR0913 - one for each option
    *,
    names: tuple[str, ...],
    level: str,
    seed: int | None,
    seeds: int,
    max_time: float | None,
    jobs: int,
    layers: tuple[str, ...],
    no_fixed: bool,
    blind: bool,
    only_lawful: bool,
    only_list: bool,
    only_adequacy: bool,
    json_file: Path | None,
) -> None:
    """Run mutants of the museum, or all, and say which clause detects each.

    Exit status: 1 where a mutant was not detected by a clause that it names; with
    --adequacy, where a clause has no witness, detects no mutant, or has no lawful
    neighbour; with --lawful, where a variant was accused. 4 where a mutant had no
    time to be detected, or a variant was not played at all. With --lawful it is 3
    where a variant broke.
    """
    settings = Settings(
        level=level,
        seed=secrets.randbelow(SEEDS) if seed is None else seed,
        seeds=seeds,
        layers=without_fixed(layers, no_fixed=no_fixed),
        seconds=max_time or SECONDS[level],
        jobs=jobs,
        blind=blind,
    )
    if only_lawful:
        if only_adequacy:
            message = "--lawful and --adequacy are two runs; ask for one of them"
            raise click.UsageError(message)
        sys.exit(_lawful(names, settings, json_file, only_list=only_list))
    try:
        mutants = museum_run.chosen([n.removeprefix("museum:") for n in names])
    except UnknownEntryError as error:
        raise click.UsageError(str(error)) from error
    if only_list:
        print_lines(track_record.listed(mutants))
        return
    if only_adequacy:
        if names:
            message = "--adequacy runs the whole museum; leave out the names"
            raise click.UsageError(message)
        sys.exit(_adequacy(mutants, jobs, json_file))
    told = _told(settings)
    show(f"memslots {version()}, {len(mutants)} mutants: {told}\n")
    attempts = museum_run.run(mutants, settings, _say_attempt)
    print_lines([*track_record.table(attempts, mutants), "", told])
    if json_file is not None:
        track_record.write_json(json_file, attempts, mutants)
    sys.exit(museum_run.exit_status(attempts))


def _told(settings: Settings) -> str:
    """With what they are run, in words."""
    last = settings.seed + settings.seeds - 1
    one = settings.seeds == 1
    which = f"seed {last}" if one else f"seeds {settings.seed} to {last}"
    return f"level {settings.level}, {which}"


def _lawful(
    names: Sequence[str], settings: Settings, json_file: Path | None, *, only_list: bool
) -> Exit:
    """Hold variants of the lawful wing, or all, to every clause."""
    try:
        variants = lawful.chosen([n.removeprefix("lawful:") for n in names])
    except UnknownEntryError as error:
        raise click.UsageError(str(error)) from error
    if only_list:
        print_lines(lawful_report.listing(variants))
        return Exit.CONFORMS
    told = _told(settings)
    show(f"memslots {version()}, {len(variants)} lawful variants: {told}\n")
    hearings = lawful.run(variants, settings, _say_hearing)
    print_lines([*lawful_report.table(hearings, variants), "", told])
    if json_file is not None:
        lawful_report.write_json(json_file, hearings, variants)
    return lawful.exit_status(hearings)


def _say_hearing(hearing: Hearing) -> None:
    line = f"{hearing.variant}  seed {hearing.seed}: {hearing.outcome}"
    show(line, err=True)


def _adequacy(mutants: Sequence[Mutant], jobs: int, json_file: Path | None) -> Exit:
    """Play every mutant and variant, and print what each clause is worth."""
    try:
        found = adequacy.measure(mutants, lawful.catalogue(), jobs=jobs)
    except AccusedError as error:
        show(f"exit 1   {error}", err=True)
        return Exit.DOES_NOT_CONFORM
    print_lines(table(found))
    if json_file is not None:
        json_file.write_text(adequacy.to_text(found), encoding="utf-8")
    return adequacy.exit_status(found)


def _say_attempt(attempt: Attempt) -> None:
    by = f" by {', '.join(attempt.detected_by)}" if attempt.detected_by else ""
    line = f"{attempt.mutant}  seed {attempt.seed}: {attempt.outcome}{by}"
    show(line, err=True)
