"""The judge on drawn races of the references, sighted and blind."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

import pytest

from judged_histories import spy
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.requests import narrowed, palette_of
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.facts.facts import Facts, by_kind
from memslot_spec.history.events import Event
from memslot_spec.history.header import History
from memslot_spec.judging.applies import ApplicableClauses, asks_about
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import Judge, judge, judge_events
from memslot_spec.judging.judgement import Judgement
from memslot_spec.moments.replies import Answered


def drawn(target: Target, seed: int, races: int, plays: int) -> Iterator[Played]:
    """Plays of random races of the target, then of the fixed ones."""
    random = Random(seed)
    rng = Seeded(random)
    palette = palette_of(target.header)
    scenarios = [fixed.scenario for fixed in fixed_races(target.header)]
    for _ in range(races):
        few = narrowed(palette, rng)
        prefix = tuple(palette.draw(rng) for _ in range(rng.below(5)))
        update = tuple(few.draw_request(rng) for _ in range(rng.choice((1, 1, 2))))
        others = tuple(
            tuple(few.draw(rng) for _ in range(rng.choice((1, 1, 2))))
            for _ in range(rng.choice((1, 1, 2)))
        )
        scenarios.append(Scenario(prefix, (update, *others), (palette.draw(rng),)))
    for scenario in scenarios:
        yield from sampled(target.make, scenario, random, plays)


PATCH, REFERENCE = resolve("patch", None), resolve("reference", None)


def test_judging_twice_says_the_same() -> None:
    applicable = ApplicableClauses(PATCH.header, CLAUSES)
    for played in drawn(PATCH, 1, 20, 2):
        first = judge_events(applicable, played.events)
        assert judge_events(applicable, played.events) == first
        assert judge(History(PATCH.header, played.events), CLAUSES) == first


def one_by_one(applicable: ApplicableClauses, events: tuple[Event, ...]) -> Judgement:
    fold = Judge(applicable)
    seen = [fold.see(event) for event in events]
    assert sum(map(bool, seen)) <= 1
    return fold.judgement()


def test_judging_event_by_event_says_the_same() -> None:
    applicable = ApplicableClauses(PATCH.header, CLAUSES)
    for played in drawn(PATCH, 2, 20, 2):
        assert one_by_one(applicable, played.events) == judge_events(
            applicable, played.events
        )


def found_blind(seeds: range) -> tuple[list[str], int]:
    """What only the blind judge finds in the patch, and how often both find."""
    sighted = ApplicableClauses(PATCH.header, CLAUSES)
    unsighted = ApplicableClauses(blind(PATCH.header), CLAUSES)
    alone: list[str] = []
    both = 0
    for seed in seeds:
        for played in drawn(PATCH, seed, 60, 4):
            part = judge_events(unsighted, without_points(played.events)).findings
            if part and judge_events(sighted, played.events).findings:
                both += 1
            elif part:
                alone.append(part[0].clause)
    return alone, both


def test_blind_finds_nothing_in_the_patch_that_sighted_does_not() -> None:
    alone, both = found_blind(range(4))
    assert both > 100
    assert alone == []


@pytest.mark.parametrize("seed", range(4))
def test_nothing_is_found_in_the_reference(seed: int) -> None:
    sighted = ApplicableClauses(REFERENCE.header, CLAUSES)
    unsighted = ApplicableClauses(blind(REFERENCE.header), CLAUSES)
    for played in drawn(REFERENCE, seed, 40, 4):
        whole = judge_events(sighted, played.events)
        part = judge_events(unsighted, without_points(played.events))
        assert (whole.findings, whole.contradiction) == ((), None)
        assert (part.findings, part.contradiction) == ((), None)


def test_a_clause_on_replies_that_names_operations_is_about_no_other() -> None:
    # The applicable asks it about those alone, so leaving it out must change nothing.
    premises = [
        (clause, by_kind(clause.premise))
        for clause in CLAUSES
        if clause.kind is Answered
    ]
    beside: set[tuple[str, str]] = set()

    def look(facts: Facts, answered: Answered) -> bool:
        name = type(answered.operation).__name__
        beside.update(
            (clause.id, name)
            for clause, premise in premises
            if not asks_about(clause, name) and premise(facts, answered)
        )
        return False

    applicable = ApplicableClauses(REFERENCE.header, [spy(look)])
    for played in drawn(REFERENCE, 5, 40, 2):
        judge_events(applicable, played.events)
    assert beside == set()
