"""The records of a run that is written by hand, for tests of evidence."""

from __future__ import annotations

from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    LayerDone,
    Record,
    TargetFinished,
    TargetStarted,
)
from memslot_spec.clauses import clause_by_id

PROVED, UNPROVED = "REQ-4", "SRCU-2"
WANTED = (clause_by_id(PROVED), clause_by_id(UNPROVED), clause_by_id("PROG-1"))
IDS = [clause.id for clause in WANTED]


def started(target: str, kernel: str | None = None) -> TargetStarted:
    return TargetStarted(
        target=target,
        profile="linux",
        description="",
        interleaving="points",
        operations=(),
        not_applicable={"PROG-1": "it has none"},
        kernel=kernel,
    )


def layer(name: str, schedules: int, histories: dict[str, int]) -> LayerDone:
    return LayerDone(
        target="one",
        layer=name,
        scenarios=1,
        schedules=schedules,
        steps=schedules * 10,
        seconds=1.0,
        covered="",
        reached={clause: count * 2 for clause, count in histories.items()},
        histories=histories,
        requests=50,
    )


def ended(size: tuple[int, int, int], histories: dict[str, int]) -> BoundEnded:
    threads, operations, preemptions = size
    return BoundEnded(
        target="one",
        threads=threads,
        operations=operations,
        preemptions=preemptions,
        races=2,
        schedules=30,
        steps=300,
        histories=histories,
    )


RUN: tuple[Record, ...] = (
    started("one"),
    layer("fixed", 100, {PROVED: 40, UNPROVED: 31}),
    ended((1, 9, 0), {PROVED: 1}),
    ended((2, 2, 3), {PROVED: 7, UNPROVED: 30}),
    ended((2, 4, 1), {PROVED: 9}),
    ended((3, 3, 1), {UNPROVED: 1}),
    layer("sampled", 50, {PROVED: 3}),
    ChoiceSeen(target="one", choice="no-op", taken={"a": 3, "b": 0, "c": 0}),
    ChoiceSeen(target="one", choice="flush", taken={"a": 3, "b": 1}),
    ChoiceSeen(target="one", choice="grace", taken={"a": 0, "b": 0}),
    TargetFinished(target="one", seconds=1.0),
)
