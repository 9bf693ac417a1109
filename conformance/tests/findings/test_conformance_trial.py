"""A target that breaks is played on for a while: elsewhere it may be wrong as well."""

from __future__ import annotations

import pytest

from memslot_conformance.findings.trial import BREAKS_ALIKE, TargetBrokeError, Trial
from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.model.operations import MemslotId, SetRegion
from memslot_spec.model.values import Gfn, MemoryRegion

NAMES_THEN_RAISES = "py:odd_adapters:NamesThenRaises"
CREATE = SetRegion(MemoryRegion(0, 0, 4096, 4096))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))


def trial_and(*operations: SetRegion | MemslotId) -> tuple[Trial, Scenario]:
    target = resolve(NAMES_THEN_RAISES, "v2.6.34")
    return Trial(target.header, tuple(CLAUSES)), Scenario(prefix=operations)


def try_it(trial: Trial, scenario: Scenario) -> set[str]:
    play = Play(resolve(NAMES_THEN_RAISES, "v2.6.34").make)
    play.alone(scenario.prefix)
    found = trial.try_play(play.played(), scenario)
    play.close()
    return {finding.clause for finding in found}


def test_what_breaks_is_tried_on_a_few_times_and_then_no_more() -> None:
    trial, raises = trial_and(CREATE, DELETE)
    for _ in range(BREAKS_ALIKE - 1):
        assert not try_it(trial, raises)
    with pytest.raises(TargetBrokeError, match="KeyError"):
        try_it(trial, raises)


def test_what_breaks_and_is_gone_on_with_is_an_error_all_the_same() -> None:
    trial, raises = trial_and(CREATE, DELETE)
    try_it(trial, raises)
    with pytest.raises(TargetBrokeError, match="KeyError"):
        trial.check_unbroken()


def test_a_clause_is_found_broken_after_the_target_broke() -> None:
    trial, raises = trial_and(CREATE, DELETE)
    try_it(trial, raises)
    _, names = trial_and(CREATE, MemslotId(Gfn(9)))
    assert try_it(trial, names) == {"LOOK-7"}
