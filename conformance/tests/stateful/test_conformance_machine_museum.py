"""The machine finds the museum's bugs that need no race, and accuses nobody else.

A fair sample: every mutant is asked by conformance/benchmarks/machines.py.
"""

from __future__ import annotations

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from machine_runs import A_FEW, found_by
from memslot_conformance import machine
from memslot_conformance.stateful.asking import STEPS
from memslot_reference.museum import mutant_named
from memslot_spec.clauses import clause_by_id

# Each in a few examples: Hypothesis draws constants of whatever modules are loaded, so
# what takes most of the 200 (K05, K23) is found or not by which tests ran before.
FOUND = ("K09", "K10", "K12", "K13", "K20", "K26", "K30", "K38", "U10")
"""Requests, moves, lookups and logs, of both profiles."""

LAWFUL = ("unmaps-by-range", "takes-new-roots", "wider-bitmaps")

unshrunk = settings(A_FEW, phases=(Phase.generate,), stateful_step_count=STEPS)


@pytest.mark.parametrize("name", FOUND)
def test_a_bug_that_needs_no_race_is_found(name: str) -> None:
    # As the museum is run: what else it breaks is told by other clauses.
    broken = [clause_by_id(id_) for id_ in mutant_named(name).clauses]
    clause = found_by(machine(f"museum:{name}", clauses=broken), unshrunk)
    assert clause in mutant_named(name).clauses


@pytest.mark.parametrize("name", LAWFUL)
def test_a_lawful_variant_is_not_accused(name: str) -> None:
    few = settings(A_FEW, max_examples=8)
    run_state_machine_as_test(machine(f"lawful:{name}"), settings=few)
