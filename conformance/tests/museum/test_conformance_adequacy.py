"""Adequacy: clauses that reach something and find something."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.museum import detections as detecting
from memslot_conformance.museum import witnesses as witnesses_module
from memslot_conformance.museum.detections import (
    Breaks,
    Detection,
    MutantBrokeError,
    detections,
    detections_of,
)
from memslot_conformance.museum.run import Mutant, chosen
from memslot_conformance.museum.witnesses import (
    first_witnesses,
    unwitnessed,
    witnesses,
)
from memslot_conformance.play.played import Played
from memslot_conformance.play.scheduler import play, stay
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import clause_by_id
from memslot_spec.clauses.requests.live_slot import never_invalid
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.values import BIT_1, MemoryRegion

PENDING: frozenset[str] = frozenset()
"""Clauses whose races are being written; it is to be empty."""


def detection(clause: str, mutant: str) -> Detection:
    return Detection(
        clause=clause,
        mutant=mutant,
        race="a race",
        blind=False,
        preemptions=0,
        plays=1,
        seconds=0.1,
    )


def test_every_clause_has_a_witness() -> None:
    missing = [clause for clause in unwitnessed() if clause not in PENDING]
    assert not missing


def never(facts: Facts, update: object) -> bool:
    del facts, update
    return False


def test_a_clause_that_is_never_asked_is_missed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(witnesses_module, "PREEMPTIONS", 0)
    idle = replace(never_invalid, id="REQ-0", premise=never)
    clauses = (idle, never_invalid)
    assert unwitnessed(clauses, [("reference", "v2.6.34")]) == ("REQ-0",)


def test_witnesses_are_counted_in_both_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(witnesses_module, "PREEMPTIONS", 0)
    clauses = (clause_by_id("SLOT-8"), clause_by_id("REQ-12"))
    seen = witnesses(clauses, [("reference", "v2.6.34")], drawn=5)
    assert {w.clause for w in seen} == {"SLOT-8", "REQ-12"}
    assert {w.layer for w in seen} == {"fixed", "drawn"}


def test_a_witness_says_where_a_reference_came_to_the_clause() -> None:
    seen = first_witnesses(clause_by_id("REQ-12"))
    assert [(w.target, w.profile) for w in seen] == [("reference", "v2.6.34")]
    assert seen[0].race == "create, look up, delete"
    assert seen[0].times > 0


def test_a_clause_that_only_a_blind_judge_asks_has_a_blind_witness() -> None:
    seen = first_witnesses(clause_by_id("SLOT-8"))
    assert seen
    assert all(found.blind for found in seen)


def test_a_clause_that_accuses_a_reference_is_no_witness() -> None:
    with pytest.raises(ValueError, match="accuses museum:K09"):
        unwitnessed(references=[("museum:K09", "v2.6.34")])


def test_a_race_is_found_at_one_preemption_by_every_clause_that_it_breaks() -> None:
    (mutant,) = chosen(["K01"])
    found = detections_of(mutant)
    assert {each.clause for each in found} == {"TSS-2", "SRCU-1"}
    assert {each.preemptions for each in found} == {1}
    assert {each.mutant for each in found} == {"K01"}


def test_what_one_thread_shows_is_found_without_a_race() -> None:
    (mutant,) = chosen(["K09"])
    (found,) = detections_of(mutant)
    assert (found.clause, found.preemptions) == ("LOOK-7", 0)


def played(target: str, *operations: Operation) -> Played:
    return play(resolve(target).make, Scenario(operations), stay)


def test_every_clause_that_a_history_breaks_is_found() -> None:
    slot = SetRegion(MemoryRegion(0, 16 << 12, 4 << 12, 0x1000 << 12, BIT_1))
    breaks = Breaks(resolve("museum:K10").header)
    events = played("museum:K10", slot).events
    assert breaks.of(events, is_blind=False) == ("REQ-8", "REQ-9")
    assert breaks.of(events, is_blind=True) == ("REQ-9", "SLOT-8")
    kept = played("reference", slot).events
    assert breaks.of(kept, is_blind=False) == ()


def test_mutants_are_run_apart_and_clauses_that_missed_are_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked: list[tuple[str, str | None]] = []

    def apart(work: tuple[Mutant, str | None]) -> list[Detection]:
        mutant, wanted = work
        asked.append((mutant.name, wanted))
        return [detection(wanted or mutant.clauses[0], mutant.name)]

    monkeypatch.setattr(detecting, "_apart", apart)
    found = detections(chosen(["K01", "K09"]), jobs=1)
    assert asked == [("K01", None), ("K09", None), ("K01", "TSS-2")]
    assert [each.clause for each in found] == ["SRCU-1", "LOOK-7", "TSS-2"]


def test_kills_come_back_from_the_worker() -> None:
    found = detections(chosen(["K04", "K09"]), jobs=2)
    assert [(each.mutant, each.clause) for each in found] == [
        ("K04", "SRCU-17"),
        ("K09", "LOOK-7"),
    ]


def test_a_mutant_that_breaks_by_itself_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def breaks(mutant: object, wanted: object) -> tuple[Detection, ...]:
        message = f"{mutant} {wanted}"
        raise RuntimeError(message)

    monkeypatch.setattr(detecting, "detections_of", breaks)
    with pytest.raises(MutantBrokeError, match="K09: RuntimeError"):
        detections(chosen(["K09"]), jobs=1)
