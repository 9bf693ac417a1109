"""Workers: whatever a target does to its process, the others go on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    LayerDone,
    Record,
    RunFinished,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
)
from memslot_conformance.run import campaign
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import StoppedError, isolated
from toy_workers import (
    HANGS,
    LITTLE,
    HeldClock,
    Send,
    has_ended,
    layer,
    plan,
    records_of,
    work,
)


@pytest.mark.parametrize(
    ("death", "said"),
    [
        ("raise", "ValueError: it broke"),
        ("sys.exit", "called sys.exit(3)"),
        ("os._exit", "exited with status 0 before it was done"),
        ("signal", "was killed by signal 9 (SIGKILL)"),
        ("crash", "was killed by signal 11 (SIGSEGV)"),
        ("memory", "ran out of its memory"),
    ],
)
def test_a_target_that_dies_costs_its_own_verdicts_only(death: str, said: str) -> None:
    heard = records_of(death, "sound")
    first, failed = heard[death]
    assert first == layer(death)
    assert isinstance(failed, TargetFailed)
    assert failed.what.startswith(said)
    assert failed.last == f"about to {death}"
    assert [type(record) for record in heard["sound"]] == [
        LayerDone,
        LayerDone,
        TargetFinished,
    ]


@pytest.mark.parametrize("death", ["hang", "hang deaf"])
def test_a_target_that_hangs_is_ended(death: str) -> None:
    clock = HeldClock()
    heard: list[Record] = []

    def hear(record: Record) -> None:
        heard.append(record)
        clock.run_out()

    limits = WorkerLimits(grace_seconds=0.5)
    campaign.run_plan(plan(death, 0.2), limits, hear, work=work, clock=clock)
    first, failed = heard
    assert first == layer(death)
    assert isinstance(failed, TargetFailed)
    assert failed.what.startswith("did not finish within 0.7 seconds")
    assert failed.last == f"about to {death}"


def test_a_crash_shows_where() -> None:
    (_, failed) = records_of("crash")["crash"]
    assert isinstance(failed, TargetFailed)
    assert "Segmentation fault" in failed.what


def test_what_a_target_printed_is_shown_when_it_breaks(
    capfd: pytest.CaptureFixture[str],
) -> None:
    def prints(_: Callable[[str], None], __: CrashRecord) -> None:
        print("from Python")  # noqa: T201 - the worker's own output is the subject
        os.write(2, b"from C\n")
        os._exit(4)

    broken = isolated(prints, lambda _: None, seconds=HANGS)
    assert broken is not None
    assert broken.what.splitlines() == [
        "exited with status 4 before it was done",
        "it printed:",
        "from Python",
        "from C",
    ]
    assert capfd.readouterr() == ("", "")


def test_a_target_that_prints_without_end_is_ended() -> None:
    def prints(_: Callable[[str], None], __: CrashRecord) -> None:
        while True:
            os.write(1, b"x" * 4096)

    looks = count()
    broken = isolated(
        prints, lambda _: None, seconds=100, clock=lambda: float(next(looks))
    )
    assert broken is not None
    assert "did not finish" in broken.what


def test_long_lines_and_many_come_whole_and_in_order() -> None:
    sent = [str(number) * (1 + number % 7 * 20_000) for number in range(200)]
    heard: list[str] = []

    def sends(send: Callable[[str], None], _: CrashRecord) -> None:
        for line in sent:
            send(line)

    assert isolated(sends, heard.append, seconds=HANGS) is None
    assert heard == sent


def test_what_a_worker_started_goes_with_it(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"

    def starts(_: Callable[[str], None], __: CrashRecord) -> None:
        child = subprocess.Popen(["/bin/sleep", "600"])
        pid_file.write_text(str(child.pid), encoding="ascii")

    assert isolated(starts, lambda _: None, seconds=HANGS) is None
    assert has_ended(int(pid_file.read_text(encoding="ascii")))


def test_a_fork_of_the_target_is_not_taken_for_the_target() -> None:
    heard: list[str] = []

    def forks(send: Callable[[str], None], _: CrashRecord) -> None:
        if os.fork() != 0:
            os.wait()
        send("once")

    assert isolated(forks, heard.append, seconds=HANGS) is None
    assert heard == ["once"]


def test_a_skipped_target_has_not_finished() -> None:
    heard: list[Record] = []
    skipped = TargetSkipped(target="one", reason="not here")
    campaign.run_plan(
        plan("one"), LITTLE, heard.append, work=lambda _, send, __: send(skipped)
    )
    assert heard == [skipped]


@pytest.mark.parametrize(
    "forged",
    [
        TargetFailed(target="sound", what="forged", last=""),
        TargetFinished(target="sound", seconds=1.0),
        layer("sound"),
        RunFinished(exit_status=0, seconds=1.0),
    ],
)
def test_a_worker_speaks_for_its_own_target_alone(forged: Record) -> None:
    heard: list[Record] = []

    def forges(plan: TargetPlan, send: Send, crash: CrashRecord) -> None:
        crash.say("forging")
        send(layer(plan.target))
        send(forged)
        send(layer(plan.target, steps=2))

    campaign.run_plan(plan("one"), LITTLE, heard.append, work=forges)
    first, failed = heard
    assert first == layer("one")
    assert isinstance(failed, TargetFailed)
    assert failed.target == "one"
    assert failed.what.startswith(
        f"sent a record that is not its own: {type(forged).__name__} of "
    )


def test_what_the_listener_raises_ends_the_run() -> None:
    class FullDiskError(Exception):
        pass

    def hear(_: Record) -> None:
        raise FullDiskError

    with pytest.raises(FullDiskError):
        campaign.run(
            [plan("sound"), plan("hang"), plan("sound")],
            jobs=2,
            limits=WorkerLimits(grace_seconds=600),
            on_record=hear,
            work=work,
        )


def test_a_run_can_be_stopped() -> None:
    stop = threading.Event()
    pids: list[str] = []

    def hangs(send: Callable[[str], None], _: CrashRecord) -> None:
        send(str(os.getpid()))
        time.sleep(600)

    def hear(pid: str) -> None:
        pids.append(pid)
        stop.set()

    with pytest.raises(StoppedError):
        isolated(hangs, hear, seconds=600, stop=stop)
    assert has_ended(int(pids[0]))


INTERRUPTED = """
import os, signal, sys, time
from memslot_conformance.run import campaign

# A shell starts what is to run in the background with SIGINT ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

from memslot_conformance.findings.records import TargetSkipped
from memslot_conformance.findings.plan import TargetPlan

def work(plan, send, crash):
    send(TargetSkipped(target=plan.target, reason=str(os.getpid())))
    time.sleep(600)

plans = [
    TargetPlan(target=t, profile=None, level="quick", seed=1, layers=(), clauses=(),
               seconds=600)
    for t in "abc"
]
try:
    campaign.run(plans, jobs=2, limits=campaign.WorkerLimits(), work=work,
                 on_record=lambda r: print(r.reason, flush=True))
except KeyboardInterrupt:
    print("interrupted", flush=True)
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_no_worker_outlives_a_run_that_is_ended(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdout is not None
    with process.stdout as out:
        pids = [int(out.readline()), int(out.readline())]
        process.send_signal(number)
        rest = out.read()
    process.wait()
    assert rest == ("interrupted\n" if number is signal.SIGINT else "")
    assert all(has_ended(pid) for pid in pids)
