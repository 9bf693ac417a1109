"""What the parts of a toy target say, and what its run tells of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from memslot_conformance.findings.parts import (
    Explored,
    First,
    FoundPart,
    LayerPart,
    PartSaid,
    SearchPart,
)
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFinished,
    TargetStarted,
)
from memslot_conformance.run.merged import Merged
from memslot_conformance.scenarios.scenario import Scenario
from toy_workers import plan

Send = Callable[[PartSaid], None]

STARTED = TargetStarted(
    target="toy",
    profile="linux",
    description="",
    interleaving="none",
    operations=(),
    not_applicable={},
)


def parts(number: int, scenarios: int | None = None) -> TargetPlan:
    """The toy in so many parts."""
    return replace(plan("toy"), parts=number, scenarios=scenarios)


def layer(steps: int = 1, cut: str | None = None, owing: int = 0) -> LayerPart:
    return LayerPart(
        target="toy",
        layer="fixed",
        scenarios=1,
        schedules=2,
        steps=steps,
        seconds=0.5,
        covered="",
        reached={"REQ-1": 1},
        cut=cut,
        histories={"REQ-1": 1},
        met={"kind GET": 1},
        explored=Explored(alone=1, owing=owing, late=True),
    )


def search(
    scenarios: int = 1,
    *things: tuple[str, int],
    why: str = "",
    owing: int = 0,
    withheld: dict[str, str] | None = None,
) -> SearchPart:
    return SearchPart(
        target="toy",
        why=why,
        scenarios=scenarios,
        newest=0,
        reached={},
        things=tuple(First(("kind", name), at) for name, at in things),
        owing=owing,
        withheld=withheld or {},
    )


def found(
    clause: str = "REQ-1", *, operations: int = 9, small: bool = False
) -> FoundPart:
    return FoundPart(
        target="toy",
        clause=clause,
        layer="fixed",
        seconds=1.0,
        updates=1,
        readers=0,
        preemptions=0,
        operations=operations,
        step=0,
        expected="",
        observed="",
        history=None,
        replaces=small,
        scenario=Scenario(),
    )


def timeless(records: Iterable[Record]) -> list[Record]:
    """But for the seconds, which no two runs have alike."""
    return [
        replace(record, seconds=0.0)
        if isinstance(record, LayerDone | Found | TargetFinished)
        else record
        for record in records
    ]


def told(plan: TargetPlan, said: Sequence[Sequence[PartSaid]]) -> list[Record]:
    """What is told where the parts speak one after the other."""
    records: list[Record] = []
    merged = Merged(plan, records.append)
    for part, words in enumerate(said):
        for word in words:
            merged.hear(part, word)
        merged.part_ended(part, None)
    merged.end(2.0)
    return records
