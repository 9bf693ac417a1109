"""How a command ends that asks something of a target which may not be there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TypeVar

import click

from memslot_conformance.cli.output import show
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
        show(f"exit 5   nothing ran: {error}")
        sys.exit(Exit.NOTHING_RAN)
    except TargetBrokenError as error:
        show(f"the adapter is broken: {error.broken.what}")
        if error.broken.last:
            show(f"at that time: {error.broken.last}")
        show("\nexit 3   the adapter is broken; nothing was judged")
        sys.exit(Exit.BROKE)
