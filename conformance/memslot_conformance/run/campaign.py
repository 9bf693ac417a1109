"""Runs plans, each in worker processes of its own, and passes on their records.

A target that raises, exits, hangs, is killed, or eats memory costs its own
verdicts and no others: its earlier records stand, a `TargetFailed` says what it
did last, and the other targets go on. So do the other parts of the same target,
where its work is divided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from threading import Event, Lock

from memslot_conformance.clock import CLOCK, Clock
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Found,
    Record,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.part_run import RunTarget, WorkerLimits
from memslot_conformance.run.target_run import Elsewhere, TargetRun
from memslot_conformance.targets.isolation import StoppedError

OnRecord = Callable[[Record], None]

WAKE_SECONDS = 0.2
"""How often the main thread looks up, so that an interrupt is seen at once."""


def run(
    plans: Sequence[TargetPlan],
    *,
    jobs: int,
    limits: WorkerLimits,
    on_record: OnRecord,
    work: RunTarget = run_target,
    clock: Clock = CLOCK,
    first: bool = False,
    elsewhere: Elsewhere | None = None,
) -> None:
    """Run the plans, at most `jobs` workers at a time; records come one at a time.

    Where the `first` finding is enough, the others end with the target that has it.
    Plans of more than one part whose scenarios are counted are played `elsewhere`,
    where that is given.
    Errors: `KeyboardInterrupt`, and whatever `on_record` raises; no process is
    left in either case.
    """
    lock = Lock()
    broken: set[str] = set()
    targets: list[TargetRun] = []

    def stop() -> None:
        for target in targets:
            target.stop.set()

    def pass_on(record: Record) -> None:
        with lock:
            on_record(record)
            if isinstance(record, Found):
                broken.add(record.target)

    def ended(plan: TargetPlan) -> None:
        # By then what was found is as small as it gets.
        if first and plan.target in broken:
            stop()

    targets += [
        TargetRun(
            plan,
            limits,
            pass_on,
            clock=clock,
            work=work,
            elsewhere=elsewhere,
            on_end=ended,
        )
        for plan in plans
    ]
    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as executor:
        futures = [
            executor.submit(target.play, part)
            for target in targets
            for part in range(target.plan.parts)
        ]
        try:
            _wait_for(futures)
        finally:
            stop()
            for future in futures:
                future.cancel()
    for future in futures:
        error = None if future.cancelled() else future.exception()
        if error is not None and not isinstance(error, StoppedError):
            raise error


def run_plan(
    plan: TargetPlan,
    limits: WorkerLimits,
    on_record: OnRecord,
    *,
    stop: Event | None = None,
    work: RunTarget = run_target,
    clock: Clock = CLOCK,
) -> None:
    """Run one plan, its parts one by one; its last record says how the target ended.

    Errors: `StoppedError` once `stop` is set; whatever `on_record` raises.
    """
    target = TargetRun(plan, limits, on_record, clock=clock, work=work, stop=stop)
    for part in range(plan.parts):
        target.play(part)


def _wait_for(futures: Sequence[Future[None]]) -> None:
    """Return when all are done, or when one of them raised."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, WAKE_SECONDS, return_when=FIRST_EXCEPTION)
        if any(future.exception() is not None for future in done):
            return
