"""What is being played, noted for whoever comes after a crash.

As JSON, which costs no more than pickles would, and which can be read wherever it is:
who crashed may have written anything there.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.dialect import DIALECT
from memslot_spec.history.json_form import JsonForm
from memslot_spec.history.json_kinds import MisfitError
from memslot_spec.history.wire import OPERATION
from memslot_spec.model.operations import Operation

SCENARIO: JsonForm[Scenario] = JsonForm(Scenario, DIALECT)


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
    box.keep(SCENARIO.to_text(scenario).encode())


def note_one_more(box: Box, operation: Operation) -> None:
    """This is asked besides, before anything races."""
    box.add(OPERATION.to_text(operation).encode())


def noted(pieces: tuple[bytes, ...]) -> Scenario | None:
    """What was being played; None where that cannot be read."""
    if not pieces:
        return None
    try:
        first, *more = (piece.decode() for piece in pieces)
        scenario = SCENARIO.from_text(first)
        asked = tuple(OPERATION.from_text(text) for text in more)
    except (MisfitError, UnicodeDecodeError):
        return None
    return replace(scenario, prefix=(*scenario.prefix, *asked))
