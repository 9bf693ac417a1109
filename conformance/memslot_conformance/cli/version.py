"""The option `--version`: which memslots runs, and which judge."""

from __future__ import annotations

import importlib

import click

from memslot_conformance.cli.output import show
from memslot_spec.compiled import which_judge


def _say(context: click.Context, _: click.Parameter, value: object) -> None:
    if not value or context.resilient_parsing:
        return
    # What reads the version of a distribution is dear, and no other command needs it.
    here = importlib.import_module("memslot_conformance.environment")
    show(f"memslots {here.version()}, judge {which_judge()}")
    context.exit()


version_option = click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_say,
    help="Show the version and exit.",
)
