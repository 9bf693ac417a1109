"""The machine asks every operation, holds every clause, and tells what it found."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import get_args

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

import memslot_conformance.stateful.names as printed
from import_graph import ROOT
from machine_runs import A_FEW, Misplaces, OneSlot, Raises, failure_of, steps_of
from memslot_conformance import BrokenClauseError, BrokenTargetError, machine
from memslot_conformance.adapter.on_ranges import RangeOperation
from memslot_conformance.scenarios.drawn.corner import Corner
from memslot_conformance.stateful.asking import STAYS, has_stayed, is_about
from memslot_conformance.stateful.machine import rules_of
from memslot_conformance.stateful.rules import MemslotMachine
from memslot_conformance.stateful.subject import THEMES, Subject
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import GfnToMemslot, Operation
from memslot_spec.model.values import MemoryRegion

OPERATIONS = {
    kind.__name__
    for kind in get_args(Operation)
    if kind not in get_args(RangeOperation)
}

EXAMPLES = ROOT / "docs/examples"

A_HANDFUL = 8

REFERENCES = ("reference", "reference-linux")


def rule_names(made: type[MemslotMachine]) -> set[str]:
    return {rule.function.__name__ for rule in made.setup_state().rules}


def test_every_operation_has_a_rule_of_its_name() -> None:
    rules = rule_names(MemslotMachine)
    every = [name for kind in OPERATIONS for name in rules_of(kind)]
    assert rules == {*every, "turn_to"}
    assert len(every) == len(set(every))


def test_every_operation_is_asked_where_a_run_is_about_something() -> None:
    about = {kind.__name__ for theme in THEMES.values() for kind in theme.kinds}
    # A halt is about nothing, a request about everything; a new VM begins anew.
    assert OPERATIONS - about == {"SetRegion", "Halt", "DestroyVm"}


def test_a_run_turns_to_another_theme_when_it_has_stayed() -> None:
    state = machine("reference")()
    state.keep_to(Subject(Corner(0, 0x1000, (0,), (0,), 2), "requests"))
    state.create_slot(region=MemoryRegion(0, 0, 0x1000, 0x7000))
    assert not has_stayed(state)
    for _ in range(STAYS):
        state.ask(GfnToMemslot(0))
    assert has_stayed(state)
    state.turn_to("mappings")
    assert state.subject.has("AgeHva")
    assert not has_stayed(state)
    state.teardown()


def test_requests_alone_are_asked_until_there_is_a_slot() -> None:
    state = machine("reference")()
    state.keep_to(Subject(Corner(0, 0x1000, (0,), (0,), 2)))
    assert is_about("SetRegion")(state)
    assert not is_about("GuestAccess")(state)
    state.create_slot(region=MemoryRegion(0, 0, 0x1000, 0x7000))
    assert is_about("GuestAccess")(state)
    state.teardown()


@pytest.mark.parametrize("make", [*REFERENCES, OneSlot])
def test_a_rule_is_there_for_what_is_supported(
    make: str | Callable[[], OneSlot],
) -> None:
    made = machine(make)
    asked = made.target.header.capabilities.operations
    for kind in OPERATIONS:
        assert (kind in asked) == bool(rule_names(made) & set(rules_of(kind)))


@pytest.mark.parametrize("make", REFERENCES)
def test_the_invariants_are_the_clauses_that_apply(make: str) -> None:
    made = machine(make)
    names = {each.function.__name__ for each in made.setup_state().invariants}
    clauses = {clause.id.replace("-", "_") for clause in made.applicable.clauses}
    assert names == clauses | {"answers"}
    assert clause_by_id("SLOT-6").must in (str(vars(made)["SLOT_6"].__doc__))


@pytest.mark.parametrize("make", REFERENCES)
def test_a_reference_is_not_accused(make: str) -> None:
    few = settings(A_FEW, suppress_health_check=[HealthCheck.too_slow], max_examples=10)
    run_state_machine_as_test(machine(make), settings=few)


def test_the_example_of_the_book_is_not_accused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(EXAMPLES)
    # The folder comes before it, as on the command line, and goes again.
    monkeypatch.setattr(sys, "path", [*sys.path])
    few = settings(A_FEW, max_examples=20)
    run_state_machine_as_test(machine("py:dict_adapter:make"), settings=few)


def test_a_failure_says_the_clause_in_its_words_and_the_steps() -> None:
    error = failure_of(machine(Misplaces))
    said = str(error)
    assert isinstance(error, BrokenClauseError)
    clause = said.split()[1]
    assert said.startswith(f"FAIL {clause}  {clause_by_id(clause).title}")
    for label in ("must ", "step ", "expected ", "observed ", "source "):
        assert label in said
    assert f"state.{clause.replace('-', '_')}()" in steps_of(error)


def test_the_steps_can_be_pasted() -> None:
    made = machine(Misplaces)
    error = failure_of(made)
    names: dict[str, object] = {**vars(printed), made.__name__: made}
    with pytest.raises(BrokenClauseError) as again:
        exec(steps_of(error), names)  # noqa: S102 - that they can be run is the claim
    assert str(again.value) == str(error)


def test_a_failure_is_made_small() -> None:
    rules = steps_of(failure_of(machine(Misplaces))).count("state.")
    # keep_to, a request, a lookup, the clause, teardown; of up to fifty steps.
    assert rules <= A_HANDFUL


def test_a_target_that_raises_is_told_as_that() -> None:
    error = failure_of(machine(Raises))
    assert isinstance(error, BrokenTargetError)
    assert "RuntimeError: no room for slot 0" in str(error)
    assert str(error).startswith("ERROR py:")


def test_a_new_vm_takes_the_place_of_one_that_is_destroyed() -> None:
    state = machine("reference")()
    first = state.vm
    state.create_slot(region=MemoryRegion(0, 0, 0x1000, 0x7000))
    state.destroy_vm()
    assert state.vm is not first
    assert not state.vm.known.table.slots
    state.ask(GfnToMemslot(0))
    state.teardown()


def test_a_clause_about_the_end_is_asked_at_the_end() -> None:
    state = machine("reference")()
    state.create_slot(region=MemoryRegion(0, 0, 0x1000, 0x7000))
    state.teardown()
    assert state.vm.history.events
    assert state.vm.finding is None
    assert sys.exception() is None


def test_a_machine_may_hold_fewer_clauses() -> None:
    made = machine(Misplaces, clauses=[clause_by_id("PROG-1")])
    run_state_machine_as_test(made, settings=settings(A_FEW, max_examples=5))


def test_a_factory_is_called_as_the_command_line_calls_it() -> None:
    held = machine(OneSlot, profile="v2.6.34")
    assert held.target.profile.name == "v2.6.34"
    assert held.target.name == "py:machine_runs:OneSlot"
    assert isinstance(held.target.make(Silent()), OneSlot)


def test_refuses_a_table_by_ranges_for_which_there_is_no_rule() -> None:
    with pytest.raises(ValueError, match="by ranges is judged by `memslots check`"):
        machine("reference-ranges")
