"""Runs plans, each in a worker process of its own, and passes on their records.

A target that raises, exits, hangs, is killed, or eats memory costs its own
verdicts and no others: its earlier records stand, a `TargetFailed` says what it
did last, and the other targets go on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from threading import Event, Lock

from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.findings.records import (
    Found,
    Record,
    TargetFailed,
    TargetFinished,
    TargetPlan,
    TargetSkipped,
)
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.stream import StreamError, from_line, to_line
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import (
    MEMORY_BYTES,
    Broken,
    StoppedError,
    isolated,
)

OnRecord = Callable[[Record], None]
RunTarget = Callable[[TargetPlan, OnRecord, CrashRecord], None]

WAKE_SECONDS = 0.2
"""How often the main thread looks up, so that an interrupt is seen at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What a worker may take: seconds beyond its plan's, and bytes of memory."""

    grace_seconds: float = 10.0
    memory_bytes: int = MEMORY_BYTES


class ForeignRecordError(Exception):
    """A worker spoke of another target than its own; the message says of which."""


def run(
    plans: Sequence[TargetPlan],
    *,
    jobs: int,
    limits: WorkerLimits,
    on_record: OnRecord,
    work: RunTarget = run_target,
    clock: Clock = CLOCK,
    first: bool = False,
) -> None:
    """Run the plans, at most `jobs` at a time; records come one at a time.

    Where the `first` finding is enough, the others end with the target that has it.
    Errors: `KeyboardInterrupt`, and whatever `on_record` raises; no process is
    left in either case.
    """
    lock, stop = Lock(), Event()
    broken: set[str] = set()

    def pass_on(record: Record) -> None:
        with lock:
            on_record(record)
            match record:
                case Found(target=target):
                    broken.add(target)
                case TargetFinished(target=target) | TargetFailed(target=target):
                    # By then what was found is as small as it gets.
                    if first and target in broken:
                        stop.set()
                case _:
                    pass

    with ThreadPoolExecutor(max_workers=max(jobs, 1)) as executor:
        futures = [
            executor.submit(
                run_plan, plan, limits, pass_on, stop=stop, work=work, clock=clock
            )
            for plan in plans
        ]
        try:
            _wait_for(futures)
        finally:
            stop.set()
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
    """Run one plan; its last record says how the target ended.

    Errors: `StoppedError` once `stop` is set; whatever `on_record` raises.
    """
    watch = Stopwatch(clock)
    was_skipped = False

    def in_the_worker(send: Callable[[str], None], crash: CrashRecord) -> None:
        work(plan, lambda record: send(to_line(record)), crash)

    def take(line: str) -> None:
        nonlocal was_skipped
        record = from_line(line, f"worker of {plan.target}")
        about = getattr(record, "target", None)
        if about != plan.target:
            message = f"{type(record).__name__} of {about or 'the run'}"
            raise ForeignRecordError(message)
        was_skipped |= isinstance(record, TargetSkipped)
        if not isinstance(record, TargetFinished):
            on_record(record)

    try:
        broken = isolated(
            in_the_worker,
            take,
            seconds=plan.seconds + limits.grace_seconds,
            memory=limits.memory_bytes,
            stop=stop,
            clock=clock,
        )
    except StreamError as error:
        broken = Broken(f"sent what is no record: {error}", "")
    except ForeignRecordError as error:
        broken = Broken(f"sent a record that is not its own: {error}", "")
    if broken is not None:
        failed = TargetFailed(target=plan.target, what=broken.what, last=broken.last)
        on_record(failed)
    elif not was_skipped:
        seconds = round(watch.seconds, 3)
        on_record(TargetFinished(target=plan.target, seconds=seconds))


def _wait_for(futures: Sequence[Future[None]]) -> None:
    """Return when all are done, or when one of them raised."""
    pending = set(futures)
    while pending:
        done, pending = wait(pending, WAKE_SECONDS, return_when=FIRST_EXCEPTION)
        if any(future.exception() is not None for future in done):
            return
