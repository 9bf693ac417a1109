"""Runs the layers of one target, and says what came of them, in records.

This is what a worker does: it makes the target, learns what can be judged on it,
and runs the plan's layers.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.faults import tell_fault
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    Record,
    TargetFailed,
    TargetFinished,
    TargetStarted,
)
from memslot_conformance.findings.trial import TargetBrokeError, Trial
from memslot_conformance.layers.drawn import ENGINES
from memslot_conformance.layers.turns import Turns
from memslot_conformance.play.budget import Budget
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target, resolve
from memslot_conformance.targets.watched import StuckError, watched
from memslot_spec.clauses import clause_by_id
from memslot_spec.judging.announced.rules import UNTRUE
from memslot_spec.judging.applies import not_applicable
from memslot_spec.judging.blind import blind
from memslot_spec.model.operations import AddRange, SetRegion

UNSHOWN = "its points contradict its introspection: "


def run_target(
    plan: TargetPlan,
    send: Callable[[Record], None],
    crash_record: CrashRecord,
    *,
    clock: Clock = CLOCK,
) -> None:
    """Run a plan's layers on its target, sending records as they come.

    The plan's seconds are those of `clock`: one that stands still leaves only its
    counts to end a layer. Of a plan that is a part, the records are those of
    `findings.parts`, which its run puts together with the others'.
    Errors: whatever the target raises outside a run of it; the caller makes an
    error record of it.
    """
    watch = Stopwatch(clock)
    crash_record.say(f"making target {plan.target}")
    target = resolve(plan.target, plan.profile)
    needed = SetRegion if target.header.domain.ranges is None else AddRange
    if needed.__name__ not in target.header.capabilities.operations:
        message = f"it has no method {METHODS[needed]}()"
        raise TargetError(message)
    clauses = tuple(clause_by_id(clause_id) for clause_id in plan.clauses)
    trial = Trial(target.header, clauses, plan.blind, clock=clock)
    send(_started(target, trial))
    directory = None if plan.failures_dir is None else Path(plan.failures_dir)
    timed = plan.scenarios is None
    findings = Findings(
        target,
        trial,
        send,
        directory,
        plan.stop_at_first,
        Budget(seconds=plan.seconds if timed else None, clock=clock),
        is_part=not plan.is_whole,
        known=plan.known,
    )
    turns = Turns(plan, target, trial, findings, send, crash_record, clock)
    try:
        turns.check_determinism()
        if trial.is_raced and plan.engine == ENGINES[0]:
            watched(turns.run)
        else:
            turns.run()
    except StuckError as stuck:
        turns.report_unfinished()
        what, last = str(stuck), crash_record.heard()
        send(TargetFailed(target=target.name, what=what, last=last))
    except TargetBrokeError as broke:
        turns.report_unfinished()
        tell_fault(findings, broke)
    if plan.is_whole:
        for failed in withheld(target.name, trial.withheld):
            send(failed)
        for seen in trial.choices_seen():
            send(seen)
    send(TargetFinished(target=target.name, seconds=watch.seconds))


def _started(target: Target, trial: Trial) -> TargetStarted:
    header = blind(target.header) if trial.is_blind else target.header
    reasons = {
        clause.id: reason
        for clause in trial.clauses
        if (reason := not_applicable(clause, header)) is not None
    }
    return TargetStarted(
        target=target.name,
        profile=target.profile.name,
        description=target.description,
        interleaving=header.capabilities.interleaving.value,
        operations=header.capabilities.operations,
        not_applicable=reasons,
        kernel=None if target.usable is None else target.usable.facts.release,
    )


def withheld(target: str, reasons: dict[str, str]) -> list[TargetFailed]:
    """What has no verdict since points and introspection disagree, by reason.

    Points may contradict what was asked as well: then the reason says so itself.
    """
    return [
        TargetFailed(
            target=target,
            what=what if what.startswith(UNTRUE) else f"{UNSHOWN}{what}",
            last="in a history that was judged on without these clauses",
            clauses=tuple(c for c, why in reasons.items() if why == what),
        )
        for what in dict.fromkeys(reasons.values())
    ]
