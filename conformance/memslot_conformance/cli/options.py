"""The options that commands share, and what is made of their values.

A wrong value is refused with the value, what there is, and what is close to it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib.util import find_spec
from pathlib import Path

import click
from click.core import ParameterSource

from memslot_conformance.cli.output import show
from memslot_conformance.environment import cpus
from memslot_conformance.layers.drawn import ENGINES
from memslot_conformance.layers.shares import LAYERS
from memslot_conformance.run.request import LEVEL_SECONDS
from memslot_conformance.spelling import close_to
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES
from memslot_spec.compiled import which_judge
from memslot_spec.model.profile import PROFILES

NEEDED = ("crosshair", "hypothesis_crosshair_provider")
"""What the extra `symbolic` brings."""

INSTALL = "pip install 'memslots[symbolic]'"

SEEDS = 1 << 32
"""Seeds that are drawn lie below this; any other may be given."""

PROFILE = click.Choice([profile.name for profile in PROFILES])
LEVEL = click.Choice(list(LEVEL_SECONDS))
STDIN = Path("/dev/stdin")
"""Read as a file like any other, where a command is given a dash."""


class RecordedFile(click.Path):
    """A file to be read, or `-` for the standard input."""

    def __init__(self) -> None:
        super().__init__(exists=True, dir_okay=False, path_type=Path)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The path of it."""
        given = STDIN if os.fspath(value) == "-" else value
        return Path(os.fsdecode(super().convert(given, param, ctx)))


FILE = RecordedFile()


class NewFile(click.Path):
    """A file that is to be written, in a folder that is there."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path, writable=True)

    def convert(
        self,
        value: str | os.PathLike[str],
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> Path:
        """The path, before the work whose results are to be in it."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.exists() and not os.access(path.parent, os.W_OK | os.X_OK):
            self.fail(f"folder {str(path.parent)!r} cannot be written in.", param, ctx)
        return path


def _layers(_: click.Context, __: click.Parameter, value: str) -> tuple[str, ...]:
    wanted = [name.strip() for name in value.split(",") if name.strip()]
    for name in wanted:
        if name not in LAYERS:
            hint = close_to(name, LAYERS)
            message = f"no layer {name!r}; there are {', '.join(LAYERS)}.{hint}"
            raise click.BadParameter(message)
    if not wanted:
        message = "it names no layer"
        raise click.BadParameter(message)
    return tuple(layer for layer in LAYERS if layer in wanted)


def _clauses(
    _: click.Context, __: click.Parameter, value: tuple[str, ...]
) -> tuple[AnyClause, ...] | None:
    """The clauses that the globs select, all together; None without a glob."""
    if not value:
        return None
    ids = [clause.id for clause in CLAUSES]
    chosen: set[str] = set()
    for glob in (glob for globs in value for glob in globs.split(",")):
        matched = [i for i in ids if fnmatchcase(i, glob.strip().upper())]
        if not matched:
            areas = ", ".join(dict.fromkeys(i.rpartition("-")[0] for i in ids))
            hint = close_to(glob.upper(), ids)
            message = f"no clause matches {glob!r}; the areas are {areas}.{hint}"
            raise click.BadParameter(message)
        chosen.update(matched)
    return tuple(clause for clause in CLAUSES if clause.id in chosen)


profile_option = click.option(
    "--profile", type=PROFILE, help="Profile to judge by; without it, the target's own."
)
seed_option = click.option(
    "--seed", type=int, help="Seed of all that is random; drawn and printed if absent."
)
jobs_option = click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=cpus,
    show_default="one for each CPU",
    help="How many workers run at the same time.",
)
clauses_option = click.option(
    "--clauses",
    multiple=True,
    metavar="GLOB",
    callback=_clauses,
    help="Judge only these clauses, such as 'SRCU-*'; can be repeated.",
)
layers_option = click.option(
    "--layers",
    default=",".join(LAYERS),
    show_default=True,
    metavar="NAMES",
    callback=_layers,
    help="Run only these layers, separated by commas.",
)
no_fixed_option = click.option(
    "--no-fixed", is_flag=True, help="Leave out the layer fixed."
)
strict_option = click.option(
    "--strict", is_flag=True, help="Exit with status 1 if a target is skipped."
)
blind_option = click.option(
    "--blind", is_flag=True, help="Judge by calls and replies alone: remove the points."
)
verbose_option = click.option(
    "-v", "--verbose", is_flag=True, help="Show the evidence for each clause."
)
level_option = click.option(
    "--level",
    type=LEVEL,
    default="quick",
    show_default=True,
    help="How long each target is run, and how deep.",
)


engine_option = click.option(
    "--engine",
    type=click.Choice(ENGINES),
    default=ENGINES[0],
    show_default=True,
    help="What draws the operations of the layer sequential; with crosshair, no "
    "other layer is run.",
)


def layers_for(engine: str, layers: tuple[str, ...]) -> tuple[str, ...]:
    """The layers that an engine runs; those that were asked for, if they were.

    Errors: `UsageError` where the engine is not there, or has no layer.
    """
    if engine == ENGINES[0]:
        return layers
    check_symbolic(f"--engine {engine}")
    context = click.get_current_context()
    if context.get_parameter_source("layers") is not ParameterSource.COMMANDLINE:
        return ("sequential",)
    if "sequential" not in layers:
        message = (
            f"--engine {engine} needs the layer sequential, which --layers leaves out"
        )
        raise click.UsageError(message)
    return layers


def check_symbolic(what: str) -> None:
    """Errors: `UsageError` where nothing symbolic can run here, and why."""
    if any(find_spec(name) is None for name in NEEDED):
        message = f"{what} needs the extra 'symbolic': {INSTALL}"
        raise click.UsageError(message)
    if which_judge() == "compiled":
        message = f"{what} follows Python code, and here memslot_spec is compiled"
        raise click.UsageError(message)


def without_fixed(layers: tuple[str, ...], *, no_fixed: bool) -> tuple[str, ...]:
    """The layers less the fixed races. Errors: `UsageError` where none is left."""
    left = tuple(layer for layer in layers if not (no_fixed and layer == "fixed"))
    if not left:
        message = "--no-fixed leaves no layer to run"
        raise click.UsageError(message)
    return left


def given(*names: str) -> tuple[str, ...]:
    """The options of the running command among these, as they were given."""
    context = click.get_current_context()
    words: list[str] = []
    for name in (*names, "no_fixed"):
        if context.get_parameter_source(name) is not ParameterSource.COMMANDLINE:
            continue
        value = context.params[name]
        words.append("--" + name.replace("_", "-"))
        if name == "clauses":
            words.append(",".join(clause.id for clause in value))
        elif name == "layers":
            words.append(",".join(value))
        elif value is not True:
            words.append(str(value))
    return tuple(words)


def print_lines(lines: Sequence[str]) -> None:
    """Print lines that may hold a target's own words."""
    show("\n".join(lines))
