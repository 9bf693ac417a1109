"""After a target took its process with it, or hung: the same again, in fresh processes.

What was asked last is known from outside the process that died. Where it ends another
one in the same way, it is made small and kept in a file, as a finding is. Where it
hangs, it is a verdict only if it is proved: three times the same operations, each time
every thread of the target in a wait for a lock that nothing ends, no CPU time used,
and nothing withheld by the suite, so no race is stepped. Else it may be slow, and
slow is not wrong.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import groupby
from threading import Event

from memslot_conformance.findings.collect import sizes
from memslot_conformance.findings.failure_file import RecordedFailure
from memslot_conformance.findings.faults import TOO_LONG, same_kind
from memslot_conformance.findings.parts import FailedPart, FoundPart, PartSaid
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.play.fewer import fewest
from memslot_conformance.run.noting import (
    CHOICE,
    Case,
    header_and_events,
)
from memslot_conformance.scenarios.noted import noted
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_conformance.targets.attempts import Patience, Repeated, attempt
from memslot_conformance.targets.isolation import Broken
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Finished
from memslot_spec.history.header import History
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import judge

TRIES, LATE_TRIES = 40, 6
"""Processes that making it small may cost; each of what hangs takes its time."""

PROOFS = 3
"""So often the same operations have to be stuck."""

LAYER = "in fresh processes"
"""What such a finding is found by."""


@dataclass(slots=True)
class Aftermath:
    """What is made of the end of one worker."""

    plan: TargetPlan
    broken: Broken
    stop: Event
    patience: Patience = field(default_factory=Patience)

    def told(self) -> tuple[Broken, tuple[PartSaid, ...]]:
        """How the worker broke, with all that is known now; and what to tell of it.

        Errors: `StoppedError`.
        """
        if self.plan.failures_dir is None or not self.broken.kept:
            return self.broken, ()
        scenario = noted(self.broken.kept)
        if scenario is None or not scenario.operations:
            return self.broken, ()
        case = Case(self.plan.target, self.plan.profile, scenario)
        met = self._tried(case)
        if not self._same(met) or met.broken is None:
            return self.broken, ()
        case = _as_met(case, met.broken)
        small = self._small(case, late=met.late)
        last = met if small == case else self._tried(small)
        if not self._same(last):
            small, last = case, met
        return self._worked_out(small, last)

    def _tried(self, case: Case, patience: Patience | None = None) -> Repeated:
        return attempt(case.play, patience or self.patience, self.stop)

    def _same(self, tried: Repeated) -> bool:
        """It broke as the worker did."""
        if tried.broken is None:
            return False
        if tried.late:
            return same_kind(self.broken.what, TOO_LONG)
        return same_kind(self.broken.what, tried.broken.what)

    def _small(self, case: Case, *, late: bool) -> Case:
        """The least that does it, in few tries; the operation that did stays.

        What hangs is given less time: it has all of it once it is small.
        """
        best, left, left_late = case, TRIES, LATE_TRIES
        patience = self.patience.shorter() if late else self.patience

        def does(smaller: Scenario) -> bool:
            nonlocal best, left, left_late
            if not left or not left_late:
                return False
            one = replace(best, scenario=smaller)
            tried = self._tried(one, patience)
            left, left_late = left - 1, left_late - tried.late
            does = self._same(tried)
            best = one if does else best
            return does

        scenario = case.scenario
        if scenario.threads:
            if scenario.after:
                does(replace(scenario, after=()))
            fewest(scenario.prefix, lambda p: does(replace(best.scenario, prefix=p)))
        else:
            *before, fatal = scenario.prefix
            fewest(tuple(before), lambda p: does(Scenario(prefix=(*p, fatal))))
        return best

    def _worked_out(
        self, case: Case, last: Repeated
    ) -> tuple[Broken, tuple[PartSaid, ...]]:
        what, told = self.broken.what, list[PartSaid]()
        if last.late:
            stuck = last.stuck and self._stuck_again(case)
            why = STUCK if stuck else SLOW
            what = "\n".join((what, why, *filter(None, [last.stack])))
            history = self._history(case, stuck=stuck)
            if stuck and history is not None:
                told += self._findings(case, history)
        else:
            history = self._history(case, stuck=False)
        last_words = "" if last.broken is None else last.broken.last
        thread, _, operation = last_words.partition(": ")
        if history is not None:
            failed = FailedPart(
                target=self.plan.target,
                what=what,
                last=f"{operation} in {case.scenario!r}",
                operation=operation,
                thread=int(thread[1:]) if thread[1:].isdecimal() else 0,
                fault=what.partition("\n")[0],
                scenario=case.scenario,
                schedule=case.schedule or (),
                history=history,
            )
            told.append(failed)
        return replace(self.broken, what=what), tuple(told)

    def _stuck_again(self, case: Case) -> bool:
        """It is stuck each time, also at the same time as others of it."""
        if case.scenario.threads:
            return False
        with ThreadPoolExecutor(PROOFS - 1) as executor:
            others = list(executor.map(self._tried, [case] * (PROOFS - 1)))
        return all(other.stuck for other in others)

    def _history(self, case: Case, *, stuck: bool) -> History | None:
        """What shows up to the operation that did it; of a race, nothing does."""
        scenario = case.scenario
        shown = Scenario() if scenario.threads else Scenario(scenario.prefix[:-1])
        known = header_and_events(
            replace(case, scenario=shown), self.patience, self.stop
        )
        if known is None:
            return None
        header, events = known.header, known.events
        if not scenario.threads:
            events = (*events, Call(0, scenario.prefix[-1]))
        if stuck:
            events = (*events, Finished(0, (0,)))
        if self.plan.blind:
            header, events = blind(header), without_points(events)
        return History(header, events)

    def _findings(self, case: Case, history: History) -> list[PartSaid]:
        clauses = tuple(map(clause_by_id, self.plan.clauses))
        updates, readers = sizes(case.scenario)
        return [
            FoundPart(
                target=self.plan.target,
                clause=finding.clause,
                layer=LAYER,
                seconds=0.0,
                updates=updates,
                readers=readers,
                preemptions=0,
                operations=case.scenario.operations,
                step=finding.step,
                expected=finding.expected,
                observed=finding.observed,
                history=history,
                replays=PROOFS,
                came_again=PROOFS,
                scenario=case.scenario,
            )
            for finding in judge(history, clauses).findings
            if isinstance(history.events[finding.step], Finished)
        ]


STUCK = (
    f"stuck: {PROOFS} times the same operations came to rest in waits for locks that "
    "nothing ends"
)
SLOW = "where it was (who sleeps, or waits for what is outside, is slow and not wrong)"


def _as_met(case: Case, broken: Broken) -> Case:
    """As it went: no more operations than were asked, the race as it was scheduled."""
    scenario, kept = case.scenario, broken.kept
    if not scenario.threads:
        asked = max(len(kept), 1)
        return replace(
            case, scenario=Scenario((*scenario.prefix, *scenario.after)[:asked])
        )
    choices = [piece[-1] for piece in kept if piece.startswith(CHOICE)]
    runs = tuple(Run(t, sum(1 for _ in same)) for t, same in groupby(choices))
    return replace(case, schedule=runs)


def hung_again(
    failure: RecordedFailure, patience: Patience | None = None
) -> Repeated | None:
    """Try what never came back once more; None where it is no such failure, or did."""
    stuck = [e.stuck for e in failure.history.events if isinstance(e, Finished)]
    if not failure.fault.startswith(TOO_LONG) and (0,) not in stuck:
        return None
    case = Case(failure.target, failure.profile, failure.scenario, failure.schedule)
    tried = attempt(case.play, patience or Patience(), Event())
    return tried if tried.late else None
