"""Lawful neighbours: variants that differ where a clause looks, and are spared."""

from __future__ import annotations

import pytest

from memslot_conformance.museum import exempt, lawful
from memslot_conformance.museum import neighbours as module
from memslot_conformance.museum.neighbours import (
    AccusedError,
    neighbours,
    neighbours_of,
)
from memslot_conformance.museum.reads import Reads
from memslot_conformance.museum.run import chosen
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.notation import FixedRace
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header


@pytest.fixture(autouse=True)
def _a_few_races(monkeypatch: pytest.MonkeyPatch) -> None:
    def few(header: Header) -> tuple[FixedRace, ...]:
        return fixed_races(header)[:60:6]

    monkeypatch.setattr(module, "fixed_races", few)


def found(name: str) -> frozenset[str]:
    near = neighbours_of(lawful.chosen([name]), drawn=0)
    assert {one.variant for one in near} <= {name}
    return frozenset(one.clause for one in near)


def test_a_longer_wait_comes_close_to_clauses_on_waiting_alone() -> None:
    near = found("waits-twice")
    assert "DEL-3" in near
    assert not near & {"SLOT-1", "SLOT-7", "TSS-2", "RMAP-1", "DIRTY-27"}


def test_a_variant_that_shows_nothing_else_is_a_neighbour_of_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (variant,) = lawful.chosen(["sets-bits-twice"])

    def nothing(clause: object) -> Reads:
        del clause
        return Reads(frozenset())

    monkeypatch.setattr(module, "reads", nothing)
    assert not neighbours_of([variant], drawn=0)


def test_no_clause_that_is_exempt_is_looked_for() -> None:
    assert not found("publishes-twice") & exempt.IDS


def test_every_exempt_clause_is_one_and_is_named_once() -> None:
    named = [clause for group in exempt.EXEMPT for clause in group.clauses]
    assert len(set(named)) == len(named)
    assert set(named) < {clause.id for clause in CLAUSES}


def test_a_variant_that_is_accused_stops_the_measuring(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (mutant,) = chosen(["no-flush"])

    def guilty(name: str, profile: str | None = None) -> object:
        return resolve(name.replace("lawful:waits-twice", "museum:no-flush"), profile)

    monkeypatch.setattr(module, "resolve", guilty)
    with pytest.raises(AccusedError, match="accuses museum:no-flush"):
        neighbours_of(lawful.chosen(["waits-twice"]), drawn=0)
    assert mutant.clauses


def test_neighbours_come_back_from_their_processes_in_the_order_of_the_wing() -> None:
    variants = lawful.chosen(["waits-twice", "waits-twice-linux", "publishes-twice"])
    near = neighbours(variants, jobs=2)
    assert [*dict.fromkeys(one.variant for one in near)] == [v.name for v in variants]
    assert all(one.race for one in near)
