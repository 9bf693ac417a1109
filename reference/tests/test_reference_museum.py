"""The museum: every clause has a scenario that reaches it, and a mutant it detects.

A case is a clause, a mutant that breaks it, and a scenario. In it the reference
comes to what the clause is about and nothing is found, sighted or blind; the
mutant is found, by that clause's name.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from every_museum_case import CASES
from memslot_conformance.play.bounded import bounded
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_reference.kvm import Kvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum import CATALOGUE, mutant_named
from memslot_reference.museum.mutant import Mutant
from memslot_reference.reference import default_limits
from memslot_reference.shadow import ShadowPage
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.hook import Hook, Silent
from memslot_spec.model.operations import CountRmaps, GuestAccess
from memslot_spec.model.profile import V2_6_34, Limits, Profile, profile_named
from memslot_spec.model.values import Failure
from museum_cases import (
    FAR,
    IN_PLACE_OF_S0,
    LOGGED,
    MOVED,
    READ_17,
    S0,
    UNMAP_17,
    Case,
    applicable_to,
    check_the_mutant,
    check_the_witness,
    delete,
    found,
    judged,
    made_for,
)

CLAUSE_IDS = frozenset(clause.id for clause in CLAUSES)


def test_the_names_of_mutants_are_unique() -> None:
    names = [mutant.name for mutant in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("mutant", CATALOGUE, ids=lambda m: m.name)
def test_a_mutant_says_what_is_known_of_it(mutant: Mutant) -> None:
    assert mutant_named(mutant.name) is mutant
    assert mutant.wrong.endswith(".")
    assert mutant.clauses
    assert len(set(mutant.clauses)) == len(mutant.clauses)
    assert all(mutant.profile in clause_by_id(c).profiles for c in mutant.clauses)
    assert mutant.since
    planted = mutant.kind == "planted"
    assert (mutant.source == "planted") is (mutant.tag == "planted") is planted


@pytest.mark.parametrize("mutant", CATALOGUE, ids=lambda m: m.name)
def test_a_mutant_is_a_vm_like_the_reference(mutant: Mutant) -> None:
    profile = profile_named(mutant.profile)
    limits = Limits(user_slots=8)
    spaces = 2 if mutant.base == "reference-linux" else 1
    usual = replace(default_limits(profile), address_spaces=spaces)
    assert mutant.make(Silent(), profile).limits == usual
    assert mutant.make(Silent(), profile, limits).limits == limits


def test_refuses_the_name_of_no_mutant() -> None:
    with pytest.raises(KeyError, match="K99"):
        mutant_named("K99")


def test_every_clause_is_named_by_a_mutant() -> None:
    assert {c for mutant in CATALOGUE for c in mutant.clauses} == CLAUSE_IDS


def test_every_clause_and_every_mutant_has_a_case() -> None:
    assert {case.clause for case in CASES} == CLAUSE_IDS
    assert {case.mutant for case in CASES} == {mutant.name for mutant in CATALOGUE}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_comes_to_the_clause_and_keeps_it(case: Case) -> None:
    check_the_witness(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_mutant_breaks_the_clause_and_no_other_than_it_names(case: Case) -> None:
    check_the_mutant(case)


LOOKED_AGAIN: list[bool] = []


class LooksAgain(Kvm):
    """Takes the bitmap bit from a table loaded later, in the same section."""

    def page_header_update_slot(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, gfn: int
    ) -> None:
        del slot
        now = self.load_table()
        LOOKED_AGAIN.append(now is not table)
        found_now = self.search_memslots(now, gfn)
        if found_now is not None:
            super().page_header_update_slot(now, found_now, page, gfn)


def looks_again(hook: Hook, profile: Profile, limits: Limits | None = None) -> Kvm:
    return LooksAgain(hook, profile, limits or default_limits(profile))


BESIDE_A_FAULT: tuple[Operations, ...] = (
    (delete(0), IN_PLACE_OF_S0),
    (MOVED, IN_PLACE_OF_S0),
    (MOVED, S0),
    (LOGGED, S0),
    (delete(0, failure=Failure.PREPARE), delete(0)),
    (FAR, delete(0)),
)


@pytest.mark.parametrize("updates", BESIDE_A_FAULT)
def test_a_second_look_in_the_same_section_does_no_harm(updates: Operations) -> None:
    """The argument is in `LateBit`; this is every schedule of two preemptions."""
    LOOKED_AGAIN.clear()
    held = applicable_to(looks_again, V2_6_34, is_blind=False)
    scenario = Scenario((S0,), (updates, (READ_17, GuestAccess(17, write=True))))
    for played in bounded(made_for(looks_again, V2_6_34), scenario, 2):
        assert played.error is None
        assert not judged(held, played).findings
    assert any(LOOKED_AGAIN)


@pytest.mark.parametrize("updates", BESIDE_A_FAULT[:2])
def test_a_second_look_in_another_section_does_harm(updates: Operations) -> None:
    make = mutant_named("late-bit").make
    held = applicable_to(make, V2_6_34, is_blind=False)
    scenario = Scenario((S0,), (updates, (READ_17,)))
    broken: set[str] = set()
    for played in bounded(made_for(make, V2_6_34), scenario, 1):
        broken |= found(judged(held, played))
    assert "MMU-2" in broken


def test_hiding_invalid_slots_does_not_crash_the_zap() -> None:
    make = mutant_named("hides-invalid").make
    scenario = Scenario(
        (S0, READ_17), ((delete(0),), (UNMAP_17, READ_17)), (CountRmaps(),)
    )
    for played in bounded(made_for(make, V2_6_34), scenario, 2):
        assert played.error is None
