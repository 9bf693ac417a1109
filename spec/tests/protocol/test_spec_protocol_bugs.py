"""The search finds every bug planted in the protocol, by the clause's id.

It does so with the reduction as without it.
"""

from __future__ import annotations

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.compiled import which_judge
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.profile import PROFILES
from memslot_spec.protocol import races
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.search import search, search_once
from planted_bugs import BUGS, Bug

pytestmark = pytest.mark.skipif(
    which_judge() == "compiled", reason="the search needs the interpreted judge"
)


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_search_finds_a_planted_bug(bug: Bug) -> None:
    header = races.header_for(bug.profile)
    protocol = Protocol(bug.profile, header.limits, bug.programs)
    found = search(protocol, bug.race, header, CLAUSES)
    assert bug.clause in found.broken
    # The way there is a history, and the judge of histories agrees.
    judgement = judge_events(
        ApplicableClauses(header, CLAUSES), found.broken[bug.clause]
    )
    assert bug.clause in {finding.clause for finding in judgement.findings}


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_protocol_itself_is_clean_there(bug: Bug) -> None:
    header = races.header_for(bug.profile)
    found = search(Protocol(bug.profile, header.limits), bug.race, header, CLAUSES)
    assert not found.broken
    assert not found.stuck


def test_every_clause_about_order_has_a_planted_bug() -> None:
    ids = {c.id for profile in PROFILES for c in races.order_clauses(profile)}
    assert {bug.clause for bug in BUGS} == ids


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_the_reduced_search_alone_finds_it_by_its_clause(bug: Bug) -> None:
    header = races.header_for(bug.profile)
    protocol = Protocol(bug.profile, header.limits, bug.programs)
    found = search_once(protocol, bug.race, header, CLAUSES, fine=False, reduced=True)
    assert found.reduced
    assert bug.clause in found.broken


@pytest.mark.parametrize("bug", BUGS, ids=str)
def test_what_is_found_is_that_of_the_full_search(bug: Bug) -> None:
    """The same clauses by the same ways, the same waits, the same counts."""
    header = races.header_for(bug.profile)
    protocol = Protocol(bug.profile, header.limits, bug.programs)
    full = search(protocol, bug.race, header, CLAUSES, reduced=False)
    assert not full.reduced
    assert search(protocol, bug.race, header, CLAUSES) == full
