"""Sequences: one VM, asked on one thread, with a look at all it shows each time.

What is asked is drawn against the table that the plan foresees, so the same choices
are the same sequence whatever the target answers. The judge sees every event as it
comes, and the first finding ends the VM: what broke it is then made small by itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from memslot_conformance.findings.misfit import naming_misfits
from memslot_conformance.layers.slices import Slice
from memslot_conformance.play.scheduler import Play
from memslot_conformance.play.stepping import MOST_STEPS, STEP_LIMIT
from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.drawings import drawing_of
from memslot_conformance.scenarios.drawn.lives import draw_life
from memslot_conformance.scenarios.drawn.met import Met
from memslot_conformance.scenarios.noted import note, note_one_more
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.history.events import Event
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import Operation

LONGEST_LIFE = MOST_STEPS - STEP_LIMIT
"""Events after which a VM is asked no more: another operation would have room still."""


def play_sequence(work: Slice, choices: Choices) -> None:
    """Ask one VM as much as it is drawn to live for.

    Errors: `OutOfTimeError`, `TargetBrokeError`.
    """
    ask_one_vm(work, choices, draw_life(choices))


def ask_one_vm(work: Slice, choices: Choices, operations: int) -> None:
    """Ask one VM about so many operations, unless one of them breaks something.

    Errors: as `play_sequence`.
    """
    work.begin_play()
    work.trial.begin_scenario()
    drawing = drawing_of(work.palette, choices)
    vm = OneVm(work)
    try:
        while vm.lives and len(vm.operations) < operations:
            vm.ask_all(drawing.steps())
    finally:
        vm.close()


class OneVm:
    """A VM that is judged while it is asked."""

    def __init__(self, work: Slice) -> None:
        self.operations: list[Operation] = []
        self._work = work
        self._play = Play(work.target.make)
        self._judge = Judge(work.trial.applicable)
        self._met = Met(work.target.header)
        self._seen = 0
        self._over = False
        work.trial.begin()
        note(work.crash_record, Scenario())

    @property
    def lives(self) -> bool:
        """It can be asked more."""
        return not self._over and self._seen < LONGEST_LIFE

    def ask_all(self, operations: Sequence[Operation]) -> None:
        """Ask these, one after the other, while it lives.

        Errors: as `play_sequence`.
        """
        for operation in operations:
            if self.lives:
                self._ask(operation)

    def _ask(self, operation: Operation) -> None:
        self._work.check_time()
        self._met.step(operation)
        self.operations.append(operation)
        self._work.crash_record.say(f"step {len(self.operations)}: {operation!r}")
        note_one_more(self._work.crash_record, operation)
        self._play.alone((operation,))
        self._judge_new(self._play.events[self._seen :])
        if self._judge.findings or not self._play.going or self._judge.contradiction:
            self._over = True
            self._finish()

    def _judge_new(self, events: Sequence[Event]) -> None:
        self._seen += len(events)
        trial = self._work.trial
        if trial.is_blind:
            events = [event for event in events if trial.shows(event)]
        with naming_misfits(events):
            self._judge.see_all(events)

    def _finish(self) -> None:
        work, scenario = self._work, Scenario(prefix=tuple(self.operations))
        played = self._play.played()
        self._judge_new(played.events[self._seen :])
        findings = work.trial.conclude(self._judge.judgement(), played, scenario)
        if findings:
            work.findings.take(findings, played, scenario, "sequential")
            work.check_time()

    def close(self) -> None:
        """Count what was judged, and give the target back."""
        counts = self._work.trial.counts
        if not self._over:
            self._work.trial.count(self._judge, self._play.events)
        counts.requests += len(self.operations)
        counts.met.update(self._met.counter)
        self._play.close()
