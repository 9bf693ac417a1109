"""Workers: one after the other or side by side, in their time, and to their end."""

from __future__ import annotations

import time
from itertools import count
from pathlib import Path

import pytest

from memslot_conformance.findings.records import (
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
    TargetPlan,
)
from memslot_conformance.run import campaign
from memslot_conformance.run.campaign import WorkerLimits
from memslot_conformance.targets.crash_record import CrashRecord
from toy_workers import LITTLE, HeldClock, Send, layer, plan, work


@pytest.mark.parametrize("jobs", [0, 1])
def test_one_at_a_time_is_one_after_the_other(jobs: int) -> None:
    heard: list[tuple[str, str]] = []

    def slowly(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        send(layer(plan.target))
        time.sleep(0.1)
        send(layer(plan.target, steps=2))

    def hear(record: Record) -> None:
        heard.append((str(getattr(record, "target", "")), type(record).__name__))

    plans = [plan("one"), plan("two"), plan("three")]
    campaign.run(plans, jobs=jobs, limits=LITTLE, on_record=hear, work=slowly)
    each = ("LayerDone", "LayerDone", "TargetFinished")
    assert heard == [(name, kind) for name in ("one", "two", "three") for kind in each]


def test_the_time_of_a_target_is_that_of_the_clock() -> None:
    """It takes longer than it may, but no time passes."""
    heard: list[Record] = []

    def slowly(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        time.sleep(0.3)
        send(layer(plan.target))

    campaign.run(
        [plan("one", 0.05)],
        jobs=1,
        limits=WorkerLimits(grace_seconds=0.05),
        on_record=heard.append,
        work=slowly,
        clock=HeldClock(),
    )
    assert heard == [layer("one"), TargetFinished(target="one", seconds=0.0)]


def test_the_seconds_of_a_target_are_told_to_the_thousandth() -> None:
    heard: list[Record] = []
    clock = HeldClock()

    def hear(record: Record) -> None:
        heard.append(record)
        clock.time = 0.12349

    campaign.run_plan(plan("sound"), LITTLE, hear, work=work, clock=clock)
    assert heard[-1] == TargetFinished(target="sound", seconds=0.123)


def test_a_target_may_take_some_seconds_more_than_its_plan_says() -> None:
    clock = HeldClock()
    heard: list[Record] = []

    def hear(record: Record) -> None:
        heard.append(record)
        clock.run_out()

    campaign.run_plan(plan("hang", 0.2), WorkerLimits(), hear, work=work, clock=clock)
    failed = heard[-1]
    assert isinstance(failed, TargetFailed)
    assert failed.what.startswith("did not finish within 10.2 seconds")


def test_whatever_a_target_says_of_its_end_is_said_once() -> None:
    """The layers say when they came to their end; the process has to, too."""
    heard: list[Record] = []

    def says_it_twice(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        send(TargetFinished(target=plan.target, seconds=99.0))
        send(layer(plan.target))

    campaign.run_plan(plan("one"), LITTLE, heard.append, work=says_it_twice)
    assert [type(record) for record in heard] == [LayerDone, TargetFinished]
    assert heard[-1] != TargetFinished(target="one", seconds=99.0)


def test_what_is_still_running_is_ended_with_the_run(tmp_path: Path) -> None:
    class FullDiskError(Exception):
        pass

    came_to_its_end = tmp_path / "end"

    def says_nothing(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        if plan.target == "silent":
            time.sleep(5)
            came_to_its_end.touch()
        send(layer(plan.target))

    def hear(_: Record) -> None:
        raise FullDiskError

    with pytest.raises(FullDiskError):
        campaign.run(
            [plan("silent"), plan("one")],
            jobs=2,
            limits=LITTLE,
            on_record=hear,
            work=says_nothing,
        )
    assert not came_to_its_end.exists()


def test_nothing_more_is_begun_once_a_run_has_ended() -> None:
    class FullDiskError(Exception):
        pass

    looks = count()

    def hear(_: Record) -> None:
        raise FullDiskError

    with pytest.raises(FullDiskError):
        campaign.run(
            [plan("sound") for _ in range(60)],
            jobs=1,
            limits=LITTLE,
            on_record=hear,
            work=work,
            clock=lambda: float(next(looks)) / 1e6,
        )
    assert next(looks) < 60


def test_waiting_takes_no_time_of_the_processor() -> None:
    def sleeps(_: TargetPlan, __: Send, ___: CrashRecord) -> None:
        time.sleep(0.5)

    began = time.thread_time()
    campaign.run(
        [plan("one")], jobs=1, limits=LITTLE, on_record=lambda _: None, work=sleeps
    )
    assert time.thread_time() - began < 0.1
