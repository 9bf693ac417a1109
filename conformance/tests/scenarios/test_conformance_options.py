"""The options of manual protection are set without a lock: fixed races of them."""

from __future__ import annotations

import pytest

from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.bounded import bounded
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.fixed.dirty_options import (
    BESIDE_A_LOG_THAT_BEGINS,
    RACES,
)
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES

ASKS_TWICE = "museum:asks-for-the-option-twice"


def broken(target: Target, race: FixedRace, *, is_blind: bool) -> set[str]:
    """The clauses that are broken in any schedule of one preemption."""
    trial, names = Trial(target.header, CLAUSES, is_blind=is_blind), set[str]()
    for played in bounded(target.make, race.scenario, 1):
        assert played.error is None
        names |= {finding.clause for finding in trial.judge(played).findings}
    return names


@pytest.mark.parametrize("is_blind", [False, True])
@pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)
def test_the_reference_is_right_whenever_they_are_set(
    race: FixedRace, *, is_blind: bool
) -> None:
    assert not broken(resolve("reference-linux", None), race, is_blind=is_blind)


@pytest.mark.parametrize(
    ("is_blind", "clause"), [(False, "DIRTY-30"), (True, "DIRTY-4")]
)
@pytest.mark.parametrize(
    "race", BESIDE_A_LOG_THAT_BEGINS[:2], ids=lambda race: race.name
)
def test_a_fixed_race_finds_who_asks_for_them_twice(
    race: FixedRace, clause: str, *, is_blind: bool
) -> None:
    assert broken(resolve(ASKS_TWICE, None), race, is_blind=is_blind) == {clause}


def test_only_a_target_that_has_them_is_given_the_races() -> None:
    names = {race.name for race in RACES}
    linux = {race.name for race in fixed_races(resolve("reference-linux", None).header)}
    seed = {race.name for race in fixed_races(resolve("reference", None).header)}
    assert names <= linux
    assert not names & seed
