"""The lawful wing: no clause accuses a variant, in races that are counted.

Every fixed race is played at no preemption and then at one, until a number of plays
is used up: what is played depends on no clock.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.findings.trial import Trial
from memslot_conformance.layers.in_order import in_order
from memslot_conformance.play.budget import Budget
from memslot_conformance.targets.resolve import resolve
from memslot_reference.lawful import CATALOGUE, WAITING, variant_named
from memslot_reference.lawful.variant import Variant
from memslot_reference.reference import default_limits
from memslot_reference.vm import Vm
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.hook import Silent
from memslot_spec.model.profile import Limits, profile_named

PLAYS = 1_500
PREEMPTIONS = 1


def test_the_names_of_variants_are_unique() -> None:
    names = [variant.name for variant in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("variant", CATALOGUE, ids=lambda v: v.name)
def test_a_variant_says_what_is_known_of_it(variant: Variant) -> None:
    assert variant_named(variant.name) is variant
    assert variant.unusual.endswith(".")
    assert variant.source
    assert len(set(variant.clauses)) == len(variant.clauses)
    assert all(variant.profile in clause_by_id(c).profiles for c in variant.clauses)


@pytest.mark.parametrize("variant", CATALOGUE, ids=lambda v: v.name)
def test_a_variant_is_a_vm_like_the_reference(variant: Variant) -> None:
    profile = profile_named(variant.profile)
    limits = Limits(user_slots=8)
    spaces = 2 if variant.base == "reference-linux" else 1
    usual = replace(default_limits(profile), address_spaces=spaces)
    assert apart_from_memory(variant.make(Silent(), profile)) == usual
    assert apart_from_memory(variant.make(Silent(), profile, limits)) == limits


def apart_from_memory(vm: Vm) -> Limits:
    return replace(vm.limits, enough_pages=None)


def test_refuses_the_name_of_no_variant() -> None:
    with pytest.raises(KeyError, match="no-such"):
        variant_named("no-such")


def test_no_variant_waits_for_the_law_to_be_put_right() -> None:
    assert not WAITING


@pytest.mark.parametrize("is_blind", [False, True], ids=["sighted", "blind"])
@pytest.mark.parametrize("variant", CATALOGUE, ids=lambda v: v.name)
def test_no_clause_accuses_a_variant(variant: Variant, *, is_blind: bool) -> None:
    target = resolve(f"lawful:{variant.name}")
    trial = Trial(target.header, CLAUSES, is_blind)
    plays = in_order(target, PREEMPTIONS, Budget(plays=PLAYS))
    asked: set[str] = set()
    for _, race, played in plays:
        assert played.error is None, (race, played.error)
        judgement = trial.judge(played)
        assert not judgement.findings, (race, judgement.findings)
        assert judgement.contradiction is None
        asked |= {clause for clause, times in judgement.reached.items() if times}
    assert asked >= {c for c in variant.clauses if c in trial.applicable.unreached}
    assert len(asked) > len(CLAUSES) // (4 if is_blind else 2)
