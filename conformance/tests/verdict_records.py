"""Records of two clauses and two targets, for verdicts to be made of."""

from __future__ import annotations

from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_conformance.run.verdicts import (
    TargetVerdicts,
    verdicts,
)
from memslot_spec.clauses import CLAUSES

ONE, TWO = CLAUSES[:2]


def started(target: str = "one", **not_applicable: str) -> Record:
    return TargetStarted(
        target=target,
        profile="linux",
        description="",
        interleaving="none",
        operations=(),
        not_applicable={k.replace("_", "-"): v for k, v in not_applicable.items()},
    )


def layer(reached: dict[str, int], cut: str | None = None) -> Record:
    return LayerDone(
        target="one",
        layer="cut-layer" if cut else "fixed",
        scenarios=1,
        schedules=1,
        steps=1,
        seconds=1.0,
        covered="",
        reached=reached,
        cut=cut,
    )


def found(clause: str, target: str = "one") -> Record:
    return Found(
        target=target,
        clause=clause,
        layer="fixed",
        seconds=0.0,
        updates=0,
        readers=0,
        preemptions=0,
        operations=0,
        step=0,
        expected="yes",
        observed="no",
        history=None,
    )


FINISHED = TargetFinished(target="one", seconds=1.0)
FAILED = TargetFailed(
    target="one",
    what="Traceback (most recent call last):\n  x\nValueError: no",
    last="",
)
IN_PART = TargetFailed(target="one", what="sptes differ", last="", clauses=(ONE.id,))
SKIPPED = TargetSkipped(target="two", reason="not here")
ALL = layer({ONE.id: 1, TWO.id: 2})


def judged(*records: Record) -> tuple[TargetVerdicts, ...]:
    return verdicts(records, (ONE, TWO))


NOT_APPLICABLE = started(**{c.id.replace("-", "_"): "" for c in (ONE, TWO)})
