"""One part of a target's work, in a process of its own: here, or on another machine.

What it says comes as lines through a pipe, record by record; `collect` keeps them to
the end, so that it can be handed to any executor.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from threading import Event
from typing import get_args

from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.findings.parts import PartSaid
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.aftermath import Aftermath
from memslot_conformance.run.stream import FOUND_LATER, KIND_KEY, StreamError
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.isolation import (
    MEMORY_BYTES,
    Broken,
    isolated,
)
from memslot_spec.history.dialect import CAME_LATER, TAGS, bits_of
from memslot_spec.history.json_form import Dialect, JsonForm
from memslot_spec.history.json_kinds import MisfitError

OnSaid = Callable[[PartSaid], None]
RunTarget = Callable[[TargetPlan, OnSaid, CrashRecord], None]

KINDS: frozenset[type] = frozenset(get_args(PartSaid))


def _bits_of(kind: type, name: str) -> int | None:
    return 64 if kind in KINDS else bits_of(kind, name)


SAID: JsonForm[PartSaid] = JsonForm(
    PartSaid,
    Dialect({**TAGS, get_args(PartSaid): KIND_KEY}, _bits_of, CAME_LATER | FOUND_LATER),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerLimits:
    """What a worker may take: seconds beyond its plan's, and bytes of memory."""

    grace_seconds: float = 10.0
    memory_bytes: int = MEMORY_BYTES


class ForeignRecordError(Exception):
    """A worker spoke of another target than its own; the message says of which."""


@dataclass(frozen=True, slots=True)
class Collected:
    """All that a part said, a line each; why it broke, and what it was doing."""

    lines: tuple[str, ...]
    seconds: float
    broken: Broken | None


def follow(
    plan: TargetPlan,
    limits: WorkerLimits,
    on_said: OnSaid,
    *,
    stop: Event | None = None,
    work: RunTarget = run_target,
    clock: Clock = CLOCK,
) -> Broken | None:
    """Play a part and hand on what it says as it comes; why it broke, or None.

    Errors: `StoppedError` once `stop` is set; whatever `on_said` raises.
    """
    return _follow(
        plan, limits, lambda line: on_said(said(line, plan)), stop, work, clock
    )


def collect(
    plan: TargetPlan,
    limits: WorkerLimits,
    *,
    stop: Event | None = None,
    work: RunTarget = run_target,
    clock: Clock = CLOCK,
) -> Collected:
    """Play a part to its end; all that it said. Errors: `StoppedError` as `follow`."""
    watch = Stopwatch(clock)
    lines: list[str] = []

    def take(line: str) -> None:
        said(line, plan)
        lines.append(line)

    broken = _follow(plan, limits, take, stop, work, clock)
    return Collected(tuple(lines), watch.seconds, broken)


def _follow(
    plan: TargetPlan,
    limits: WorkerLimits,
    on_line: Callable[[str], None],
    stop: Event | None,
    work: RunTarget,
    clock: Clock,
) -> Broken | None:
    def in_the_worker(send: Callable[[str], None], crash: CrashRecord) -> None:
        work(plan, lambda record: send(SAID.to_text(record)), crash)

    try:
        broken = isolated(
            in_the_worker,
            on_line,
            seconds=plan.seconds + limits.grace_seconds,
            memory=limits.memory_bytes,
            stop=stop,
            clock=clock,
        )
        if broken is None:
            return None
        broken, told = Aftermath(plan, broken, stop or Event()).told()
        for each in told:
            on_line(SAID.to_text(each))
    except StreamError as error:
        return Broken(f"sent what is no record: {error}", "")
    except ForeignRecordError as error:
        return Broken(f"sent a record that is not its own: {error}", "")
    return broken


def said(line: str, plan: TargetPlan) -> PartSaid:
    """What a line of the plan's worker says.

    Errors: `StreamError` where it is no record, `ForeignRecordError` where it is of
    another target.
    """
    try:
        record = SAID.from_text(line)
    except MisfitError as misfit:
        message = f"worker of {plan.target}: {misfit}"
        raise StreamError(message) from None
    about = getattr(record, "target", None)
    if about != plan.target:
        message = f"{type(record).__name__} of {about or 'the run'}"
        raise ForeignRecordError(message)
    return record
