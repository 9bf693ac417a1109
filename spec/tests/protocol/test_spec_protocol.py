"""The protocol is searched to the end, and the numbers of states are pinned."""

from __future__ import annotations

from functools import cache

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.compiled import which_judge
from memslot_spec.model.profile import PROFILES, Profile, profile_named
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import RACES, header_for, order_clauses
from memslot_spec.protocol.search import Searched, search
from memslot_spec.protocol.walk import Race, count_states

pytestmark = pytest.mark.skipif(
    which_judge() == "compiled", reason="the search needs the interpreted judge"
)

PINNED = {
    ("v2.6.34", "create | lookup beside"): 99,
    ("v2.6.34", "delete | lookup"): 193,
    ("v2.6.34", "move | lookup"): 193,
    ("v2.6.34", "delete that may fail | lookup"): 386,
    ("v2.6.34", "delete | fault"): 240,
    ("v2.6.34", "move | fault"): 240,
    ("v2.6.34", "fault | fault"): 83,
    ("v2.6.34", "delete | halt"): 210,
    ("v2.6.34", "delete | create"): 120,
    ("v2.6.34", "delete | lookup beside"): 193,
    ("v2.6.34", "delete | fault beside"): 373,
    ("v2.6.34", "delete | unmap"): 468,
    ("v2.6.34", "delete | lookup | fault"): 2369,
    ("v2.6.34", "delete | create | lookup"): 1186,
    ("v2.6.34", "create | lookup | lookup | fault"): 10833,
    ("v2.6.34", "create | create another | lookup | fault"): 11652,
}
"""States of the protocol. Another number is another protocol."""

NAMES = {race.name: race for race in RACES}
JUDGED = tuple(race for race in RACES if len(race.threads) < 4)


@cache
def searched(profile: Profile, race: Race) -> Searched:
    header = header_for(profile)
    protocol = Protocol(profile, header.limits)
    return search(protocol, race, header, CLAUSES, reduced=False)


@pytest.mark.parametrize(("profile", "name"), PINNED, ids=" ".join)
def test_the_number_of_states(profile: str, name: str) -> None:
    promised = profile_named(profile)
    protocol = Protocol(promised, header_for(promised).limits)
    assert count_states(protocol, NAMES[name]) == PINNED[profile, name]


@pytest.mark.parametrize("race", JUDGED, ids=lambda race: race.name)
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_no_clause_breaks_and_nobody_waits_for_ever(
    profile: Profile, race: Race
) -> None:
    found = searched(profile, race)
    assert not found.broken
    assert not found.stuck
    assert found.ends
    assert found.nodes >= found.states


@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_every_clause_about_order_is_evaluated(profile: Profile) -> None:
    reached = {
        clause
        for race in JUDGED
        for clause, times in searched(profile, race).reached.items()
        if times
    }
    assert {clause.id for clause in order_clauses(profile)} <= reached


@pytest.mark.parametrize("name", ["delete | lookup", "delete | fault"])
@pytest.mark.parametrize("profile", PROFILES, ids=lambda profile: profile.name)
def test_one_step_at_a_time_says_the_same(profile: Profile, name: str) -> None:
    header = header_for(profile)
    protocol = Protocol(profile, header.limits)
    fine = search(protocol, NAMES[name], header, CLAUSES, fine=True, reduced=False)
    coarse = searched(profile, NAMES[name])
    assert fine.states > coarse.states
    assert not fine.broken
    assert not fine.stuck
    reached = {clause for clause, times in fine.reached.items() if times}
    assert reached == {clause for clause, times in coarse.reached.items() if times}
