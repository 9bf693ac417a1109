"""The command `memslots smoke`."""

from __future__ import annotations

import sys

import click

from memslot_conformance.cli.ending import reached
from memslot_conformance.cli.options import print_lines, profile_option
from memslot_conformance.report import smoke as shown
from memslot_conformance.run.smoke import smoke


@click.command("smoke")
@click.argument("target")
@profile_option
def smoke_command(target: str, profile: str | None) -> None:
    """Check the adapter alone; says nothing about the implementation behind it.

    Exit status: 0 the adapter is sound, 3 it is broken.
    """
    lines, status = shown.report(reached(lambda: smoke(target, profile)))
    print_lines(lines)
    sys.exit(status)
