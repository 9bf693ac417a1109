"""What is being played, noted for whoever comes after a crash.

In pickles, for they are made many times a second; they are read in a process that is
as expendable as the one that wrote them.
"""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Protocol, cast

from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.model.operations import Operation


class Box(Protocol):
    """Where pieces are kept."""

    def keep(self, *pieces: bytes) -> None:
        """Replace what is there."""
        ...

    def add(self, piece: bytes) -> None:
        """Put one more there."""
        ...


def note(box: Box, scenario: Scenario) -> None:
    """This is about to be played."""
    box.keep(pickle.dumps(scenario))


def note_one_more(box: Box, operation: Operation) -> None:
    """This is asked besides, before anything races."""
    box.add(pickle.dumps(operation))


def noted(pieces: tuple[bytes, ...]) -> Scenario:
    """What was being played."""
    scenario = cast("Scenario", pickle.loads(pieces[0]))  # noqa: S301 - see above
    more = (cast("Operation", pickle.loads(each)) for each in pieces[1:])  # noqa: S301
    return replace(scenario, prefix=(*scenario.prefix, *more))
