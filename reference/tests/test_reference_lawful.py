"""The lawful wing: no clause accuses a variant, in races that are counted.

Of every fixed race some schedules of at most one preemption are played, so many of
each: what is played depends on no clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from memslot_conformance.findings.trial import Trial
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.layers.in_order import LEVEL
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_reference.changed import AnyVm
from memslot_reference.lawful import CATALOGUE, WAITING, variant_named
from memslot_reference.lawful.variant import Variant
from memslot_reference.reference import default_limits
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Return
from memslot_spec.history.hook import Silent
from memslot_spec.history.points.host import InvalidationBegun, InvalidationEnded
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.model.operations import GuestAccess, InvalidateRange
from memslot_spec.model.profile import Limits, profile_named
from memslot_spec.model.replies import Accessed
from museum_cases import LOGGED, READ_17, S0, delete, put
from museum_cases_dirty import WRITE_17

PLAYS = 6
"""So many schedules of each race."""

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
    assert apart_from_host(variant.make(Silent(), profile)) == usual
    assert apart_from_host(variant.make(Silent(), profile, limits)) == limits


def apart_from_host(vm: AnyVm) -> Limits:
    return replace(vm.limits, enough_pages=None, holes=())


def test_refuses_the_name_of_no_variant() -> None:
    with pytest.raises(KeyError, match="no-such"):
        variant_named("no-such")


def plays(target: Target) -> Iterator[tuple[str, Played]]:
    """Some plays of every fixed race, the simplest of each first."""
    for race in fixed_races(target.header):
        bound = min(PREEMPTIONS, BOUNDS[LEVEL][max(len(race.scenario.threads), 1)])
        for played in bounded(
            target.make, race.scenario, bound, budget=Budget(plays=PLAYS)
        ):
            yield race.name, played


def trials(target: Target) -> tuple[Trial, Trial]:
    """Judges who see the points, and who do not."""
    return Trial(target.header, CLAUSES), Trial(target.header, CLAUSES, is_blind=True)


@pytest.mark.parametrize("variant", CATALOGUE, ids=lambda v: v.name)
def test_no_clause_accuses_a_variant(variant: Variant) -> None:
    target = resolve(f"lawful:{variant.name}")
    judges, asked = trials(target), set[str]()
    for race, played in plays(target):
        assert played.error is None, (race, played.error)
        for trial in judges:
            judgement = trial.judge(played)
            assert not judgement.findings, (race, judgement.findings)
            assert judgement.contradiction is None
            asked |= {clause for clause, times in judgement.reached.items() if times}
    apply = {clause.id for trial in judges for clause in trial.applicable.clauses}
    assert len(asked) > len(apply) // 2
    assert len(asked) > len(CLAUSES) // 2 or variant.base == "reference-ranges"


@pytest.mark.parametrize(
    ("name", "setup", "accesses"),
    [
        pytest.param("fast-fault", (LOGGED, READ_17), (WRITE_17,), id="opens its spte"),
        pytest.param(
            "fast-fault",
            (LOGGED, READ_17),
            (WRITE_17, WRITE_17),
            id="finds that another has opened it",
        ),
        pytest.param(
            "runs-while-it-waits",
            (S0,),
            (READ_17, READ_17),
            id="is taken again, by what another has mapped",
        ),
    ],
)
def test_a_fault_goes_through_what_stands_of_an_invalid_slot(
    name: str, setup: Operations, accesses: Operations
) -> None:
    target = resolve(f"lawful:{name}")
    race = Scenario(setup, ((delete(0),), *((one,) for one in accesses)))
    trial, reached = Trial(target.header, CLAUSES), 0
    for played in bounded(target.make, race, len(accesses)):
        judgement = trial.judge(played)
        assert not judgement.findings
        reached += judgement.reached["DEL-10"] > 0 and any(
            isinstance(event, Return)
            and event.thread == len(accesses) + 1
            and isinstance(event.reply, Accessed)
            for event in played.events
        )
    assert reached


def test_a_large_page_is_mapped_beside_a_range_that_is_open() -> None:
    target = resolve("lawful:asks-for-its-own-page")
    beside = InvalidateRange(0x4000 * PAGE_SIZE, 0x4001 * PAGE_SIZE)
    large = put(2, 0x400, 0x400, 0x4000)
    race = Scenario((large,), ((beside,), (GuestAccess(0x401),)))
    trial, met = Trial(target.header, CLAUSES), 0
    for played in bounded(target.make, race, PREEMPTIONS):
        assert not trial.judge(played).findings
        is_open = False
        for event in played.events:
            if isinstance(event, InvalidationBegun):
                is_open = True
            elif isinstance(event, InvalidationEnded):
                is_open = False
            elif isinstance(event, SpteMapped):
                met += is_open and event.level > 1
    assert met


def test_a_variant_waits_only_while_the_clauses_that_it_waits_for_accuse_it() -> None:
    for name, clauses in WAITING.items():
        target = resolve(f"lawful:{name}")
        judges = trials(target)
        judgements = (t.judge(p) for _, p in plays(target) for t in judges)
        assert {f.clause for j in judgements for f in j.findings} == set(clauses), name
