"""What comes of taking a target through a scenario.

The events are what the judge reads; a fault says that the target broke, which
is told apart from behaving wrongly.
"""

from __future__ import annotations

import traceback
from dataclasses import dataclass

from memslot_conformance.scenarios.scenario import Schedule
from memslot_spec.history.events import Event
from memslot_spec.model.operations import Operation


@dataclass(frozen=True, slots=True)
class TargetFault:
    """The target broke: it raised, or it did not finish.

    `traceback` is text, and empty where nothing was raised. It `is_left_behind` where
    threads never came back, and are in the process still.
    """

    thread: int
    operation: Operation | None
    message: str
    traceback: str = ""
    is_left_behind: bool = False


@dataclass(frozen=True, slots=True)
class Played:
    """One play of a scenario.

    `schedule` is the least that repeats it; `decisions` is how often the chooser
    was asked. The events end with `Finished`, unless there is an `error`.
    `waits` are the labels of what the stuck threads wait for, in their order, and
    `diverged` says where a replay could not follow its schedule. `repeats`: a schedule
    of the same search before it was the same partial order, as far as that is known.
    """

    events: tuple[Event, ...]
    schedule: Schedule = ()
    preemptions: int = 0
    decisions: int = 0
    error: TargetFault | None = None
    waits: tuple[str, ...] = ()
    diverged: str | None = None
    repeats: bool = False


def fault_of(
    thread: int, operation: Operation | None, error: BaseException
) -> TargetFault:
    """The fault that this exception of the target is, without the suite's frames."""
    frames = error.__traceback__
    while frames and frames.tb_frame.f_globals.get("__name__") in _OURS:
        frames = frames.tb_next
    lines = traceback.format_exception(type(error), error, frames)
    message = f"{type(error).__name__}: {error}"
    return TargetFault(thread, operation, cut(message), cut("".join(lines)))


def cut(said: str) -> str:
    """What a target says, without the middle of what nobody would read."""
    if len(said) <= LONGEST_SAID:
        return said
    half = LONGEST_SAID // 2
    return f"{said[:half]} [...] {said[-half:]}"


LONGEST_SAID = 8000
"""Characters: an exception may say megabytes."""


_OURS = frozenset(
    f"memslot_conformance.{name}"
    for name in (
        "adapter.acting",
        "adapter.answers",
        "adapter.capabilities",
        "adapter.looking",
        "adapter.perform",
        "play.afar",
        "play.scheduler",
        "play.threads",
        "play.trace",
        "targets.stdio.asking",
        "targets.stdio.connection",
        "targets.stdio.process",
        "targets.stdio.race",
        "targets.stdio.vm",
    )
)
