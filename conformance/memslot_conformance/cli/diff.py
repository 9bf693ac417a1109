"""The command `memslots diff`."""

from __future__ import annotations

import importlib
import json
import secrets
import sys
from dataclasses import asdict

import click

from memslot_conformance.cli.options import (
    SEEDS,
    check_symbolic,
    print_lines,
    seed_option,
)
from memslot_conformance.cli.output import show
from memslot_conformance.diff.functions import (
    NoSuchFunctionError,
    own_function,
    spec_function,
)
from memslot_conformance.report.difference import Said, status_of, told
from memslot_conformance.run.exits import Exit
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import (
    Broken,
    isolated,
)
from memslot_conformance.targets.worker import Send

GRACE_SECONDS = 30.0
"""What a single call, or one question to the solver, may take beyond its time."""


@click.command("diff")
@click.argument("mine", metavar="MINE")
@click.argument("spec", metavar="SPEC")
@click.option(
    "--max-time",
    type=click.FloatRange(min=0, min_open=True),
    default=10.0,
    show_default=True,
    metavar="SECONDS",
    help="Time limit for the search.",
)
@seed_option
def diff_command(*, mine: str, spec: str, max_time: float, seed: int | None) -> None:
    """Compare a pure Python function with one of the specification, symbolically.

    MINE is FILE.py:FUNCTION. SPEC is a function of the specification's arithmetic,
    such as ranges:overlaps, or overlaps alone where only one module has it.

    Exit status: 0 all paths were compared and the two agree, 1 they differ, 3 MINE
    could not be imported, 4 inconclusive.
    """
    check_symbolic("memslots diff")
    try:
        name, _ = spec_function(spec)
    except NoSuchFunctionError as error:
        raise click.UsageError(str(error)) from error
    number = secrets.randbelow(SEEDS) if seed is None else seed
    said = _asked(mine, name, max_time, number)
    if isinstance(said, Broken):
        print_lines([f"{mine}: {said.what}", f"at that time: {said.last}", ""])
        show("exit 3   the comparison broke")
        sys.exit(Exit.BROKE)
    if "usage" in said:
        raise click.UsageError(said["usage"])
    print_lines(told(said, mine, name))
    sys.exit(status_of(said))


def _asked(mine: str, spec: str, seconds: float, seed: int) -> Said | Broken:
    """What the comparison says, made in a process of its own: MINE is foreign."""
    heard: Said = {}

    def work(send: Send, crash: CrashRecord) -> None:
        crash.say(f"importing {mine}")
        _, theirs = spec_function(spec)
        try:
            ours = own_function(mine, theirs)
        except NoSuchFunctionError as error:
            send(json.dumps({"usage": str(error)}))
            return
        crash.say(f"comparing it with {spec}")
        diff = importlib.import_module("memslot_conformance.diff.compare")
        send(json.dumps(asdict(diff.compare(ours, theirs, seconds, seed))))

    def take(line: str) -> None:
        heard.update(json.loads(line))

    broken = isolated(work, take, seconds=seconds + GRACE_SECONDS)
    return heard if broken is None else broken
