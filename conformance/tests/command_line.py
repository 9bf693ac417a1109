"""The command line under test: in an empty folder, with targets that are stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memslot_conformance.cli.command import main
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetStarted,
)
from memslot_conformance.layers import layers
from memslot_conformance.targets import resolve as targets
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.kvm.detect import Unusable

Send = Callable[[Record], None]

NO_KERNEL = "kvm: /dev/kvm is absent"


def go_into(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in this folder, on a machine where the kernel cannot be tested."""
    monkeypatch.chdir(folder)
    monkeypatch.setattr(targets, "detect", lambda: Unusable(NO_KERNEL))


def memslots(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="memslots")


def found(target: str, clause: str) -> Found:
    return Found(
        target=target,
        clause=clause,
        layer="fixed",
        seconds=0.5,
        updates=1,
        readers=1,
        preemptions=2,
        operations=2,
        step=0,
        expected="yes",
        observed="no",
        history=None,
    )


def runs(
    monkeypatch: pytest.MonkeyPatch,
    *,
    reached: int | None = None,
    broken: str | None = None,
    breaks: bool = False,
    cut: str | None = None,
) -> None:
    """Every target reaches so many clauses, breaks one, breaks itself, or is cut."""

    def run_target(plan: TargetPlan, send: Send, crash: CrashRecord) -> None:
        crash.say("running")
        send(
            TargetStarted(
                target=plan.target,
                profile="linux",
                description="",
                interleaving="none",
                operations=(),
                not_applicable={},
            )
        )
        send(
            LayerDone(
                target=plan.target,
                layer="fixed",
                scenarios=1,
                schedules=1,
                steps=1,
                seconds=0.0,
                covered=f"seed {plan.seed}, {plan.seconds:g} s, {plan.layers}",
                reached=dict.fromkeys(plan.clauses[:reached], 1),
                cut=cut,
            )
        )
        if broken is not None and broken in plan.clauses:
            send(found(plan.target, broken))
        if breaks:
            message = "it broke"
            raise RuntimeError(message)

    monkeypatch.setattr(layers, "run_target", run_target)
