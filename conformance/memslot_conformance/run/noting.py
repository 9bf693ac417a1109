"""Plays a scenario and notes each step outside its process, which may not live long."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from random import Random
from threading import Event

from memslot_conformance.findings.failure_file import REPLAYED, Replayed
from memslot_conformance.play.chance import Tossing
from memslot_conformance.play.explore import Following
from memslot_conformance.play.scheduler import Chooser, Play
from memslot_conformance.scenarios.scenario import Operations, Scenario, Schedule
from memslot_conformance.targets.attempts import Patience, attempt
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import resolve
from memslot_conformance.targets.worker import Send
from memslot_spec.history.events import Call, Return
from memslot_spec.history.events import Event as Happened
from memslot_spec.history.header import History

OPERATION, CHOICE = b"o", b"c"
"""How a piece begins: an operation of thread 0, or the choice of a thread."""

SCHEDULES = 200
"""Schedules of a race that are tried, where it is not known which one did it."""

STAYS = (0.5, 0.8, 0.95)
"""How likely a thread goes on, one schedule after the other."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario on a target; without a schedule, its race is played under many."""

    target: str
    profile: str | None
    scenario: Scenario
    schedule: Schedule | None = None

    def play(self, _: Send, crash: CrashRecord) -> None:
        """Play it, and note each step before it is made."""
        crash.say("loading the target")
        make = resolve(self.target, self.profile).make
        choosers: list[Chooser] = [Following(self.schedule or ()).choose]
        if self.schedule is None and self.scenario.threads:
            rng = Random(0)
            for number in range(SCHEDULES):
                stays, handing = STAYS[number // 2 % len(STAYS)], bool(number % 2)
                choosers.append(Tossing(rng, stays, only_handing_over=handing))
        for chooser in choosers:
            crash.keep()
            _play(Play(make), self.scenario, chooser, crash)


def _play(run: Play, scenario: Scenario, chooser: Chooser, crash: CrashRecord) -> None:
    def ask(operations: Operations, *, watched: bool) -> None:
        for operation in operations:
            crash.say(f"T0: {operation!r}")
            crash.add(OPERATION)
            run.alone((operation,), watched=watched)

    def choose(
        runnable: tuple[int, ...], current: int | None, events: Sequence[Happened]
    ) -> int:
        thread = chooser(runnable, current, events)
        crash.say(f"T{thread}: {_next(scenario, thread, events)}")
        crash.add(CHOICE + bytes([thread]))
        return thread

    try:
        ask(scenario.prefix, watched=not scenario.threads)
        run.race(scenario.threads, choose)
        ask(scenario.after, watched=True)
    finally:
        run.close()


def _next(scenario: Scenario, thread: int, events: Sequence[Happened]) -> str:
    """The operation that a thread of the race is in, or is about to begin."""
    mine = [event for event in events if event.thread == thread]
    returned = sum(isinstance(event, Return) for event in mine)
    called = sum(isinstance(event, Call) for event in mine)
    row = scenario.threads[thread - 1]
    place = called - 1 if called > returned else called
    return repr(row[min(place, len(row) - 1)])


def header_and_events(case: Case, patience: Patience, stop: Event) -> History | None:
    """What a case leaves that does not break anything; None where it does all the same.

    Errors: `StoppedError`.
    """

    def work(case: Case, send: Send, _: CrashRecord) -> None:
        target = resolve(case.target, case.profile)
        run = Play(target.make)
        try:
            run.alone(case.scenario.prefix)
        finally:
            run.close()
        history = History(target.header, tuple(run.events))
        send(REPLAYED.to_text(Replayed(history, None, None)))

    lines = attempt(partial(work, case), patience, stop).lines
    return REPLAYED.from_text(lines[-1]).history if lines else None
