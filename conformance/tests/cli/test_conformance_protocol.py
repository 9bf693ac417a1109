"""Histories of the references are paths of the protocol, and folds of facts hold."""

from __future__ import annotations

from functools import partial
from random import Random
from typing import Protocol as Structural

import pytest

from command_line import memslots
from memslot_conformance.adapter.protocols import AnyImplementation
from memslot_conformance.cli import protocol
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.explore import sampled
from memslot_conformance.run.exits import Exit
from memslot_conformance.scenarios.scenario import Scenario
from memslot_reference.museum import mutant_named
from memslot_reference.reference import default_limits, reference, reference_linux
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.hook import Hook
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import Judge
from memslot_spec.model.profile import LINUX, V2_6_34, Limits, Profile, profile_named
from memslot_spec.protocol.cells import changed
from memslot_spec.protocol.folded import Fold
from memslot_spec.protocol.paths import path_of
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import RACES, header_for
from memslot_spec.protocol.walk import Race


class Factory(Structural):
    """Makes an implementation."""

    def __call__(
        self, hook: Hook, profile: Profile, limits: Limits
    ) -> AnyImplementation: ...


PLAYS = 12
FACTORIES: tuple[tuple[Factory, Profile], ...] = (
    (reference, V2_6_34),
    (reference, LINUX),
    (reference_linux, LINUX),
)
"""Who is held to being a path, and under which promises."""

NAMES = {race.name: race for race in RACES}

every_race = pytest.mark.parametrize("race", RACES, ids=lambda race: race.name)


def scenario_of(race: Race) -> Scenario:
    return Scenario(race.prefix, race.threads, race.after)


@pytest.mark.parametrize(
    ("factory", "profile"), FACTORIES, ids=["reference", "reference-now", "linux"]
)
@every_race
def test_histories_are_paths(factory: Factory, profile: Profile, race: Race) -> None:
    limits = default_limits(profile)
    protocol = Protocol(profile, limits)
    for played in sampled(
        partial(factory, profile=profile, limits=limits),
        scenario_of(race),
        Random(1),
        PLAYS,
    ):
        assert played.error is None
        path = path_of(protocol, played.events)
        assert path.why is None
        assert path.followed == len(played.events)


LEAVING = (
    ("no-invalid-step", "delete | lookup", 0, "publish"),
    ("early-reclaim", "create | lookup beside", 0, "may not: reclaim"),
    ("K11", "delete that may fail | lookup", 0, "publish"),
    ("K12", "move | lookup", 0, "INVALID"),
    ("no-flush", "delete | lookup", 0, "reclaim"),
    ("flushes-early", "delete | lookup", 0, "grace period"),
    ("maps-invalid", "delete | fault", 1, "leave section"),
    ("single-flip", "delete | create | lookup", 2, "has to wait"),
)
"""Mutants with a race in which they leave the protocol, and what it says then."""


@pytest.mark.parametrize(("name", "race", "preemptions", "words"), LEAVING)
def test_mutants_leave_it(name: str, race: str, preemptions: int, words: str) -> None:
    mutant = mutant_named(name)
    profile = profile_named(mutant.profile)
    protocol = Protocol(profile, default_limits(profile))
    plays = bounded(
        lambda hook: mutant.make(hook, profile), scenario_of(NAMES[race]), preemptions
    )
    whys = (path_of(protocol, played.events).why for played in plays)
    assert any(why is not None and words in why for why in whys)


FOLDED: tuple[tuple[Factory, Profile], ...] = (
    (mutant_named("early-reclaim").make, V2_6_34),
    (mutant_named("no-flush").make, V2_6_34),
    (mutant_named("single-flip").make, V2_6_34),
    *FACTORIES,
)


@every_race
def test_folded_facts_lead_to_the_same_judgement(race: Race) -> None:
    """Premises are counted alike, event by event, whatever was dropped."""
    for factory, profile in FOLDED:
        make = partial(factory, profile=profile, limits=default_limits(profile))
        applicable = ApplicableClauses(header_for(profile), CLAUSES)
        fold = Fold(applicable.header, threads=len(race.threads) + 1)
        for played in sampled(make, scenario_of(race), Random(2), 3):
            plain, folding = Judge(applicable), Judge(applicable)
            cells = fold.at_the_start()
            folding.facts = facts = fold.unfold(cells)
            for event in played.events:
                plain.see(event)
                folding.see(event)
                if not folding.over:
                    cells = changed(cells, fold.fold(facts))
                    folding.facts = facts = fold.unfold(cells)
            assert folding.reached == plain.reached
            assert [f.clause for f in folding.findings] == [
                f.clause for f in plain.findings
            ]


def test_the_search_asks_for_the_interpreted_judge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(protocol, "which_judge", lambda: "compiled")
    ended = memslots("protocol")
    assert ended.exit_code == Exit.USAGE
    assert "run it with the interpreted judge" in ended.output
