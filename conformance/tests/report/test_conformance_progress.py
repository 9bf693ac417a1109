"""What is shown while a run goes on: a line for each end, or bars on a terminal."""

from __future__ import annotations

import io

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
)
from memslot_conformance.report.progress import QuietLines, watching


def layer(target: str) -> LayerDone:
    return LayerDone(
        target=target,
        layer="fixed",
        scenarios=1,
        schedules=1234,
        steps=3,
        seconds=1.0,
        covered="every schedule of one race",
        reached={},
    )


RECORDS: tuple[Record, ...] = (
    TargetSkipped(target="kvm", reason="kvm: /dev/kvm is absent"),
    layer("reference"),
    TargetFinished(target="reference", seconds=1.0),
    layer("py:x:y"),
    Found(
        target="py:x:y",
        clause="REQ-1",
        layer="fixed",
        seconds=0.5,
        updates=0,
        readers=0,
        preemptions=0,
        operations=0,
        step=1,
        expected="yes",
        observed="no",
        history=None,
    ),
    TargetFailed(
        target="py:x:y",
        what="Traceback (most recent call last):\n  frame\nOSError: n\x1b[2J",
        last="",
    ),
)


def test_elsewhere_than_on_a_terminal_each_end_is_a_line() -> None:
    out = io.StringIO()
    with watching((), out) as watcher:
        assert isinstance(watcher, QuietLines)
        for record in RECORDS:
            watcher.hear(record)
    assert out.getvalue().splitlines() == [
        "kvm  skipped: kvm: /dev/kvm is absent",
        "reference  fixed: 1 scenario, 1,234 schedules, 3 steps, 1.0 s",
        "py:x:y  fixed: 1 scenario, 1,234 schedules, 3 steps, 1.0 s",
        "py:x:y  FAIL REQ-1 (fixed, after 0.5 s)",
        "py:x:y  ERROR OSError: n\\x1b[2J",
    ]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_on_a_terminal_a_bar_moves() -> None:
    out = Terminal()
    plans = [
        TargetPlan(
            target=target,
            profile=None,
            level="quick",
            seed=1,
            layers=("fixed",),
            clauses=(),
            seconds=1.0,
        )
        for target in ("reference", "py:x:y")
    ]
    with watching(plans, out) as watcher:
        assert not isinstance(watcher, QuietLines)
        for record in RECORDS:
            watcher.hear(record)
    assert "reference" in out.getvalue()
