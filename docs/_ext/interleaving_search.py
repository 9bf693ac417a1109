"""Finds the history that a page wants to show: the first schedule that has it.

Schedules are played with the fewest preemptions first, in an order that does not
change, so the same page gets the same history each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.played import Played
from memslot_conformance.report.lanes import step_words
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.scenarios.scenario import Scenario, Schedule
from memslot_conformance.targets.resolve import Target
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.events import Event
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.judging.judgement import Finding, Judgement

PLAYS = 4_000
"""Schedules after which a history counts as not to be had: a page should ask for
something that a few hundred show."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that has to happen on a thread, or on any where it is None.

    `words` is how its words begin, or the name of its kind, such as `SpteMapped`.
    """

    thread: int | None
    words: str

    def is_at(self, event: Event, words: str) -> bool:
        """The event is this step."""
        on = self.thread is None or event.thread == self.thread
        named = type(event).__name__ == self.words
        return on and (named or words.startswith(self.words))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the history has to show, all of it.

    `breaks` is the clause that it breaks; where it is None, nothing may be
    broken. `reaches` is a clause whose premise holds in it, `order` what happens
    one after the other, with anything in between.
    """

    breaks: str | None = None
    reaches: str | None = None
    order: tuple[Step, ...] = ()

    def in_words(self) -> str:
        """The condition, to go on after `in which`; empty where there is none."""
        parts: list[str] = []
        if self.breaks is not None:
            parts.append(f"{self.breaks} is broken")
        if self.reaches is not None:
            parts.append(f"the premise of {self.reaches} holds")
        if self.order:
            parts.append("these steps come in this order: " + "; ".join(self._steps()))
        return ", and ".join(parts)

    def _steps(self) -> list[str]:
        return [
            (f"T{step.thread} " if step.thread is not None else "") + step.words
            for step in self.order
        ]


@dataclass(frozen=True, slots=True)
class Found:
    """The history, each of its events in words, and how it was come by."""

    scenario: Scenario
    events: tuple[Event, ...]
    words: tuple[str, ...]
    finding: Finding | None
    number: int
    preemptions: int
    schedule: Schedule


def scenario_named(target: Target, name: str) -> Scenario:
    """The scenario of the fixed race of this name.

    Errors: `LookupError` names those that the target has.
    """
    races = {race.name: race.scenario for race in fixed_races(target.header)}
    if name not in races:
        message = f"no fixed race {name!r} for {target.name}; there are: " + "; ".join(
            races
        )
        raise LookupError(message)
    return races[name]


def find(target: Target, scenario: Scenario, preemptions: int, wanted: Wanted) -> Found:
    """The first history that shows what is wanted.

    Errors: `LookupError` where no schedule within the bound does, or a clause is
    not known.
    """
    for clause in (wanted.breaks, wanted.reaches):
        if clause is not None:
            clause_by_id(clause)
    search = bounded(target.make, scenario, preemptions, budget=Budget(plays=PLAYS))
    for played in search:
        found = found_in(target, scenario, played, wanted, search.played)
        if found is not None:
            return found
    message = (
        f"none of {search.played} schedules with at most {preemptions} preemptions "
        f"on {target.name} shows what is wanted"
    )
    raise LookupError(message)


def found_in(
    target: Target, scenario: Scenario, played: Played, wanted: Wanted, number: int
) -> Found | None:
    """What was played, if it shows what is wanted."""
    words = tuple(step_words(played.events))
    if not _comes_in_order(wanted.order, played.events, words):
        return None
    judgement = judge_events(ApplicableClauses(target.header, CLAUSES), played.events)
    if not _shows(wanted, played, judgement):
        return None
    return Found(
        scenario,
        played.events,
        words,
        _finding(judgement, wanted.breaks),
        number,
        played.preemptions,
        played.schedule,
    )


def _comes_in_order(
    order: Sequence[Step], events: Sequence[Event], words: Sequence[str]
) -> bool:
    steps = iter(zip(events, words, strict=True))
    return all(any(step.is_at(*happened) for happened in steps) for step in order)


def _shows(wanted: Wanted, played: Played, judgement: Judgement) -> bool:
    if wanted.reaches is not None and not judgement.reached.get(wanted.reaches):
        return False
    if wanted.breaks is None:
        return not judgement.findings and played.error is None
    return _finding(judgement, wanted.breaks) is not None


def _finding(judgement: Judgement, clause: str | None) -> Finding | None:
    return next((f for f in judgement.findings if f.clause == clause), None)
