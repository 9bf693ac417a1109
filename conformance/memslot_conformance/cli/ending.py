"""How a command ends that asks something of a target which may not be there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from memslot_conformance.report.console import printable
from memslot_conformance.run.exits import Exit
from memslot_conformance.targets.probe import (
    NoSuchTargetError,
    NotHereError,
    TargetBrokenError,
)

T = TypeVar("T")


def reached(work: Callable[[], T]) -> T:
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
