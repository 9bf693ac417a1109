"""CrossHair draws for the machine as well, where the extra `symbolic` is installed."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from machine_runs import A_FEW, Raises
from memslot_conformance import BrokenTargetError, machine

pytest.importorskip(
    "hypothesis_crosshair_provider", reason="the extra `symbolic` is not installed"
)

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"

solved = settings(A_FEW, backend="crosshair", stateful_step_count=4, max_examples=3)
longer = settings(solved, stateful_step_count=6, max_examples=12)


def test_the_example_of_the_book_is_not_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(EXAMPLES)
    # The folder comes before it, as on the command line, and goes again.
    monkeypatch.setattr(sys, "path", [*sys.path])
    made = machine("py:dict_adapter:make")
    run_state_machine_as_test(made, settings=solved)


def test_a_bug_is_found() -> None:
    with pytest.raises(BrokenTargetError, match="no room for slot"):
        run_state_machine_as_test(machine(Raises), settings=longer)
