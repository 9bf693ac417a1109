"""Work for workers: targets that go well, die, or hang, by their names."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    LayerDone,
    Record,
)
from memslot_conformance.play.budget import Budget
from memslot_conformance.run import campaign
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.targets.crash_record import CrashRecord

Send = Callable[[Record], None]

HANGS = 120.0
"""Seconds after which what ought to end is given up."""

LITTLE = WorkerLimits(memory_bytes=256 << 20)


class HeldClock:
    """Stands still until it is told that the time is over."""

    def __init__(self) -> None:
        self.time = 0.0

    def __call__(self) -> float:
        return self.time

    def run_out(self) -> None:
        self.time = 1e6


class Gate:
    """Shut until it is opened, in this process or in one that was forked from it."""

    def __enter__(self) -> Self:
        self._reading, self._writing = os.pipe()
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._reading)
        os.close(self._writing)

    def open(self) -> None:
        os.write(self._writing, b".")

    def wait_until_open(self) -> None:
        """Only one may wait: it takes what opened the gate."""
        os.read(self._reading, 1)


def plan(target: str, seconds: float = HANGS) -> TargetPlan:
    return TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed",),
        clauses=(),
        seconds=seconds,
    )


def layer(target: str, steps: int = 1) -> LayerDone:
    return LayerDone(
        target=target,
        layer="fixed",
        scenarios=1,
        schedules=1,
        steps=steps,
        seconds=0.0,
        covered="",
    )


def deaths() -> dict[str, Callable[[], object]]:
    def eat() -> None:
        eaten: list[bytes] = []
        while True:
            eaten.append(bytes(16 << 20))

    def raise_something() -> None:
        message = "it broke\u2028\ud800"
        raise ValueError(message)

    def hang_deaf() -> None:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(600)

    return {
        "raise": raise_something,
        "sys.exit": lambda: sys.exit(3),
        "os._exit": lambda: os._exit(0),
        "signal": lambda: os.kill(os.getpid(), signal.SIGKILL),
        "crash": lambda: ctypes.string_at(0),
        "hang": lambda: time.sleep(600),
        "hang deaf": hang_deaf,
        "memory": eat,
    }


def work(plan: TargetPlan, send: Send, crash: CrashRecord) -> None:
    crash.say(f"about to {plan.target}")
    send(layer(plan.target))
    death = deaths().get(plan.target)
    if death is not None:
        death()
    send(layer(plan.target, steps=2))


def records_of(*targets: str) -> dict[str, list[Record]]:
    heard: dict[str, list[Record]] = {target: [] for target in targets}

    def hear(record: Record) -> None:
        heard[str(getattr(record, "target", ""))].append(record)

    plans = [plan(target) for target in targets]
    campaign.run(plans, jobs=2, limits=LITTLE, on_record=hear, work=work)
    return heard


def has_ended(pid: int) -> bool:
    """Gone, or waiting to be reaped, before the test is given up."""
    budget = Budget(seconds=HANGS)
    while not budget.late:
        try:
            state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2]
        except (FileNotFoundError, ProcessLookupError):
            return True
        if state.split()[0] in "ZX":
            return True
        time.sleep(0.02)
    return False
