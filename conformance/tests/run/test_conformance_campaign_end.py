"""Workers: one after the other or side by side, in their time, and to their end."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future, wait
from itertools import count
from pathlib import Path

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    LayerDone,
    Record,
    TargetFailed,
    TargetFinished,
)
from memslot_conformance.run import campaign
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.targets.crash_record import CrashRecord
from toy_workers import LITTLE, Gate, HeldClock, Send, has_ended, layer, plan, work

FOUND = Found(
    target="broken",
    clause="REQ-1",
    layer="fixed",
    seconds=0.0,
    updates=1,
    readers=0,
    preemptions=0,
    operations=1,
    step=0,
    expected="",
    observed="",
    history=None,
)


@pytest.mark.parametrize("jobs", [0, 1])
def test_one_at_a_time_is_one_after_the_other(jobs: int) -> None:
    heard: list[tuple[str, str]] = []

    supervisors: set[int] = set()

    def hear(record: Record) -> None:
        supervisors.add(threading.get_ident())
        heard.append((str(getattr(record, "target", "")), type(record).__name__))

    plans = [plan("one"), plan("two"), plan("three")]
    campaign.run(plans, jobs=jobs, limits=LITTLE, on_record=hear, work=work)
    each = ("LayerDone", "LayerDone", "TargetFinished")
    assert heard == [(name, kind) for name in ("one", "two", "three") for kind in each]
    assert len(supervisors) == 1, "one thread supervises them, so no two can overlap"


def test_the_time_of_a_target_is_that_of_the_clock() -> None:
    """It runs until the clock was asked often, but no time passes."""
    heard: list[Record] = []
    looks = count(1)

    def stands_still() -> float:
        if next(looks) == 5:
            gate.open()
        return 0.0

    def waits(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        gate.wait_until_open()
        send(layer(plan.target))

    with Gate() as gate:
        campaign.run(
            [plan("one", 1e-9)],
            jobs=1,
            limits=WorkerLimits(grace_seconds=0),
            on_record=heard.append,
            work=waits,
            clock=stands_still,
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

    heard: list[Record] = []
    pid_file = tmp_path / "pid"

    def says_nothing(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        if plan.target == "silent":
            pid_file.write_text(str(os.getpid()), encoding="ascii")
            silent_runs.open()
            never.wait_until_open()
        silent_runs.wait_until_open()
        send(layer(plan.target))

    def hear(record: Record) -> None:
        heard.append(record)
        raise FullDiskError

    with Gate() as silent_runs, Gate() as never, pytest.raises(FullDiskError):
        campaign.run(
            [plan("silent"), plan("one")],
            jobs=2,
            limits=LITTLE,
            on_record=hear,
            work=says_nothing,
        )
    assert has_ended(int(pid_file.read_text(encoding="ascii")))
    assert heard == [layer("one")], "it was not waited for until its time was over"


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


def test_the_main_thread_waits_for_what_is_pending_and_does_not_spin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each look is a wait that can take its time: for nothing that has ended."""
    looks = count(1)
    seen_to_end: set[Future[None]] = set()

    def watched(
        futures: set[Future[None]], seconds: float, return_when: str
    ) -> tuple[set[Future[None]], set[Future[None]]]:
        assert seconds == campaign.WAKE_SECONDS > 0
        assert futures.isdisjoint(seen_to_end)
        if next(looks) == 3:
            gate.open()
        done, pending = wait(futures, seconds, return_when)
        seen_to_end.update(done)
        return done, pending

    def waits(plan: TargetPlan, _: Send, __: CrashRecord) -> None:
        if plan.target == "slow":
            gate.wait_until_open()

    monkeypatch.setattr(campaign, "wait", watched)
    heard: list[Record] = []
    with Gate() as gate:
        campaign.run(
            [plan("quick"), plan("slow")],
            jobs=2,
            limits=LITTLE,
            on_record=heard.append,
            work=waits,
        )
    assert {type(record) for record in heard} == {TargetFinished}
    assert len(seen_to_end) == 2


@pytest.mark.parametrize("first", [True, False])
def test_where_the_first_finding_is_enough_the_others_end_with_its_target(
    *, first: bool
) -> None:
    heard: list[Record] = []

    def finds(plan: TargetPlan, send: Send, _: CrashRecord) -> None:
        if plan.target == "broken":
            gate.wait_until_open()
            send(FOUND)
        elif first:
            gate.open()
            threading.Event().wait()
        else:
            gate.open()
        send(layer(plan.target))

    with Gate() as gate:
        campaign.run(
            [plan("broken"), plan("waits"), plan("late")],
            jobs=2,
            limits=LITTLE,
            on_record=heard.append,
            work=finds,
            first=first,
        )
    ended = {r.target for r in heard if isinstance(r, TargetFinished)}
    assert FOUND in heard
    assert ended == ({"broken"} if first else {"broken", "waits", "late"})
