"""The reduction keeps what the search says, and what it is told of events holds."""

from __future__ import annotations

from functools import cache
from itertools import combinations

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.compiled import which_judge
from memslot_spec.history.events import Call, Return
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.model.profile import LINUX, PROFILES, Profile
from memslot_spec.protocol.cells import Layout
from memslot_spec.protocol.dependence import IN_CALL, TOUCHES, FactNames
from memslot_spec.protocol.folded_judge import FoldedJudge
from memslot_spec.protocol.graph import Graph
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import ANNOUNCED, RACES, header_for
from memslot_spec.protocol.reduction import Reduction
from memslot_spec.protocol.search import Searched, search
from memslot_spec.protocol.walk import Race, start

pytestmark = pytest.mark.skipif(
    which_judge() == "compiled", reason="the search needs the interpreted judge"
)

SMALL = tuple(race for race in RACES if len(race.threads) < 4)
TWO = tuple(race for race in RACES if len(race.threads) == 2)

every_profile = pytest.mark.parametrize("profile", PROFILES, ids=lambda p: p.name)


def protocol_of(profile: Profile) -> Protocol:
    return Protocol(profile, header_for(profile).limits)


@cache
def searched(profile: Profile, race: Race, *, reduced: bool) -> Searched:
    header = header_for(profile)
    return search(protocol_of(profile), race, header, CLAUSES, reduced=reduced)


def premises(found: Searched) -> set[str]:
    return {clause for clause, times in found.reached.items() if times}


@every_profile
@pytest.mark.parametrize("race", SMALL, ids=lambda race: race.name)
def test_the_reduction_keeps_states_ends_and_premises(
    profile: Profile, race: Race
) -> None:
    full = searched(profile, race, reduced=False)
    less = searched(profile, race, reduced=True)
    assert less.reduced
    assert (less.states, less.ends) == (full.states, full.ends)
    assert (less.broken, less.stuck) == (full.broken, full.stuck) == ({}, 0)
    assert premises(less) == premises(full)
    assert less.nodes <= full.nodes
    assert less.transitions < full.transitions


@pytest.mark.parametrize("race", TWO, ids=lambda race: race.name)
def test_events_that_share_no_facts_commute(race: Race) -> None:
    """In every node, in both orders: the same verdicts, and the same facts after."""
    applicable = ApplicableClauses(header_for(LINUX), CLAUSES)
    prefix, first = start(protocol_of(LINUX), race)
    graph = Graph(protocol_of(LINUX), first, fine=False)
    Reduction(graph)
    judge = FoldedJudge(applicable, graph.events, graph.threads, graph.touched)
    begun = judge.see(judge.at_the_start, graph.events.number(prefix))
    assert isinstance(begun, int)
    met, waiting, compared = {(0, begun)}, [(0, begun)], 0
    while waiting:
        state, facts = waiting.pop()
        for edge in graph.edges(state):
            after = judge.see(facts, edge.events)
            assert isinstance(after, int)
            if (edge.after, after) not in met:
                met.add((edge.after, after))
                waiting.append((edge.after, after))
        for one, other in combinations(graph.edges(state), 2):
            touched = graph.touched[one.events]
            if one.thread == other.thread or touched.meets(graph.touched[other.events]):
                continue
            compared += 1
            after_one, after_other = (
                judge.see(facts, one.events),
                judge.see(facts, other.events),
            )
            assert isinstance(after_one, int)
            assert isinstance(after_other, int)
            assert judge.see(after_one, other.events) == judge.see(
                after_other, one.events
            )
    assert compared


def test_the_table_tells_of_every_kind_of_event_of_the_protocol() -> None:
    assert set(TOUCHES) == {Call, Return, *ANNOUNCED}


def test_the_table_names_cells_that_there_are() -> None:
    layout = Layout(2)
    for touches in (*TOUCHES.values(), *IN_CALL.values()):
        for name in (*touches.reads.split(), *touches.changes.split()):
            assert layout.cells(name, 1)


def test_a_thread_without_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="thread 2 has no cells"):
        Layout(2).of_thread("calls", 2)
    with pytest.raises(ValueError, match="not in tuple"):
        Layout(2).of_thread("nothing", 1)


def test_a_judge_that_touches_more_than_is_told_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for kind in tuple(TOUCHES):
        monkeypatch.setitem(TOUCHES, kind, FactNames())
    header = header_for(LINUX)
    with pytest.raises(RuntimeError, match="nobody was told"):
        search(protocol_of(LINUX), TWO[0], header, CLAUSES)
