"""Clauses that others imply: whoever breaks one breaks one of those too.

Asked of every mutant that breaks an implied clause, in every schedule of its cases,
sighted and blind. It is no proof; the reason stands with the clause.
"""

from __future__ import annotations

import pytest

from every_museum_case import CASES
from memslot_reference.museum import mutant_named
from memslot_spec.clauses import CLAUSES
from museum_cases import Case, applicable_to, found, judged, plays, profile_of

IMPLIED = {c.id: frozenset(c.implied.by) for c in CLAUSES if c.implied is not None}

BREAKERS = tuple(
    case for case in CASES if IMPLIED.keys() & set(mutant_named(case.mutant).clauses)
)


def breaks_it_alone(case: Case, *, is_blind: bool) -> set[str]:
    """The implied clauses that a history breaks and none of those that imply them."""
    mutant, profile = mutant_named(case.mutant), profile_of(case)
    held = applicable_to(mutant.make, profile, is_blind=is_blind)
    alone: set[str] = set()
    for played in plays(mutant.make, profile, case):
        broken = found(judged(held, played))
        alone |= {
            name for name in broken & IMPLIED.keys() if not broken & IMPLIED[name]
        }
    return alone


@pytest.mark.parametrize("case", BREAKERS, ids=str)
def test_an_implied_clause_is_never_broken_alone(case: Case) -> None:
    assert breaks_it_alone(case, is_blind=False) == set()
    assert breaks_it_alone(case, is_blind=True) == set()


def test_every_implied_clause_is_broken_by_a_case() -> None:
    assert {case.clause for case in BREAKERS} >= IMPLIED.keys()
