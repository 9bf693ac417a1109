"""The Hypothesis machines: one asks step by step, one builds races.

Hypothesis writes the scenario. What it costs is about a hundred times what an
implementation's step costs, so each decision of the concurrent machine buys
many schedules of one race. A finding ends the example and is shrunk by the
suite itself, so Hypothesis goes on to look for the next one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf
from random import Random

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Flaky
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

from memslot_conformance.findings.collect import Findings
from memslot_conformance.findings.trial import TargetBrokeError, Trial
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.explore import sampled
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.scheduler import Play
from memslot_conformance.play.stepping import MOST_STEPS, STEP_LIMIT
from memslot_conformance.play.threads import raced
from memslot_conformance.scenarios.drawn.lives import Life, draw_life
from memslot_conformance.scenarios.drawn.met import Met, draw_race
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import Palette
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.resolve import Target
from memslot_spec.history.events import Event
from memslot_spec.history.header import Interleaving
from memslot_spec.judging.judge import Judge
from memslot_spec.model.operations import Operation

SEEDS = st.integers(0, 2**32 - 1)
SCHEDULES = 12
"""Schedules played of one race that was drawn."""

LONGEST_PREFIX = 8

HEALTH = (
    HealthCheck.data_too_large,
    HealthCheck.filter_too_much,
    HealthCheck.large_base_example,
    HealthCheck.too_slow,
)
"""Checks of Hypothesis on itself that mean nothing where a target is slow."""

BURST = 20
"""The most operations that the sequential machine asks for one decision; of a VM
that lives long, so many times its pace."""

LONGEST_LIFE = MOST_STEPS - STEP_LIMIT
"""Events after which a VM is asked no more: another operation would have room still."""


class OutOfTimeError(KeyboardInterrupt):
    """The slice is over. Hypothesis lets only interrupts through at once."""


@dataclass(slots=True)
class Slice:
    """What a machine works with: the target, the judge, and how much it may do.

    It is over when the layer has made `steps` in all, or the budget is spent.
    """

    target: Target
    trial: Trial
    findings: Findings
    palette: Palette
    crash_record: CrashRecord
    budget: Budget
    steps: float = inf

    def check_time(self) -> None:
        """Errors: `OutOfTimeError` when its time is over, or enough was found."""
        if self.budget.late or self.findings.enough:
            raise OutOfTimeError

    def begin_play(self) -> None:
        """Errors: `OutOfTimeError` when the slice is spent, or enough was found."""
        if self.findings.enough or not self.budget.spend():
            raise OutOfTimeError

    def check_turn(self) -> None:
        """Errors: `OutOfTimeError` when it is over: steps end no scenario half done."""
        if self.trial.counts.steps >= self.steps or not self.budget.left:
            raise OutOfTimeError


class Machine(RuleBasedStateMachine):
    """A machine of one slice; the class attribute is set for each run."""

    slice: Slice


class SequentialMachine(Machine):
    """One thread: every reply and all that is shown, after every operation."""

    def __init__(self) -> None:
        super().__init__()
        self.slice.check_turn()
        self.slice.begin_play()
        self.slice.trial.begin_scenario()
        self.operations: list[Operation] = []
        self.life = Life()
        self.drawing: Drawing | None = None
        self.play = Play(self.slice.target.make)
        self.judge = Judge(self.slice.trial.applicable)
        self.met = Met(self.slice.target.header)
        self.seen = 0
        self.over = False
        self.slice.trial.begin()

    @initialize(number=SEEDS)
    def settle(self, number: int) -> None:
        """Choose where the VM's slots are, and how long it lives."""
        rng = Random(number)
        self.life = draw_life(rng)
        self.drawing = Drawing(self.slice.palette, rng)

    @rule(number=SEEDS)
    def ask(self, number: int) -> None:
        """Ask one operation for one decision of Hypothesis."""
        self._burst(number, 1)

    @rule(number=SEEDS, size=st.integers(1, BURST))
    def burst(self, number: int, size: int) -> None:
        """Ask several operations for one decision of Hypothesis."""
        self._burst(number, size * self.life.pace)

    def _burst(self, number: int, size: int) -> None:
        drawing = self.drawing
        if drawing is None:
            return
        drawing.rng = Random(number)
        for _ in range(size):
            for operation in drawing.steps():
                if not self.over and self.seen < LONGEST_LIFE:
                    self._ask(operation)

    def _ask(self, operation: Operation) -> None:
        self.slice.check_time()
        self.met.step(operation)
        self.operations.append(operation)
        self.slice.crash_record.say(f"step {len(self.operations)}: {operation!r}")
        self.play.alone((operation,))
        self._judge_new()

    def _judge_new(self) -> None:
        self._judge(self.play.events[self.seen :])
        if self.judge.findings or not self.play.going or self.judge.contradiction:
            self.over = True
            self._finish()

    def _judge(self, events: Sequence[Event]) -> None:
        self.seen += len(events)
        for event in events:
            if self.slice.trial.shows(event):
                self.judge.see(event)

    def _finish(self) -> None:
        scenario = Scenario(prefix=tuple(self.operations))
        played = self.play.played()
        self._judge(played.events[self.seen :])
        judgement = self.judge.judgement()
        findings = self.slice.trial.conclude(judgement, played, scenario)
        if findings:
            self.slice.findings.take(findings, played, scenario, "sequential")
            self.slice.check_time()

    def teardown(self) -> None:
        """Count what was judged, and give the target back."""
        if not self.over:
            self.slice.trial.count(self.judge, self.play.events)
        self.slice.trial.counts.requests += len(self.operations)
        self.slice.trial.counts.met.update(self.met.counter)
        self.play.close()


class ConcurrentMachine(Machine):
    """A prefix of operations, then races, each played under many schedules."""

    def __init__(self) -> None:
        super().__init__()
        self.prefix: list[Operation] = []
        self.drawing: Drawing | None = None

    @rule(number=SEEDS)
    def ask(self, number: int) -> None:
        """Add an operation to the prefix of the races."""
        self.slice.check_time()
        if len(self.prefix) < LONGEST_PREFIX:
            self._add(Random(number))

    @rule(number=SEEDS, size=st.integers(1, 4))
    def begin(self, number: int, size: int) -> None:
        """Begin anew, with several operations for one decision of Hypothesis."""
        rng = Random(number)
        self.prefix, self.drawing = [], None
        for _ in range(size):
            self._add(rng)

    def _add(self, rng: Random) -> None:
        if self.drawing is None:
            self.drawing = Drawing(self.slice.palette, rng)
        self.drawing.rng = rng
        self.prefix.append(self.drawing.step())

    @rule(number=SEEDS)
    def race(self, number: int) -> None:
        """Race a few operations, and look once more when they are over."""
        rng = Random(number)
        counts, header = self.slice.trial.counts, self.slice.target.header
        scenario = draw_race(header, counts.met, rng, lambda: self._drawn(rng))
        self.slice.check_turn()
        self.slice.trial.begin_scenario()
        met = Met(header)
        met.scenario(scenario)
        counts.met.update(met.counter)
        self.slice.crash_record.say(f"a race under seed {number}: {scenario!r}")
        for played in self._plays(scenario, rng):
            self.slice.begin_play()
            findings = self.slice.trial.try_play(played, scenario)
            if findings:
                self.slice.findings.take(findings, played, scenario, "sampled")
                self.slice.check_time()
                return

    def _drawn(self, rng: Random) -> Scenario:
        if self.drawing is None or not self.prefix:
            return Drawing(self.slice.palette, rng).scenario()
        return self.drawing.forked(rng).race(tuple(self.prefix))

    def _plays(self, scenario: Scenario, rng: Random) -> Iterator[Played]:
        target = self.slice.target
        if target.header.capabilities.interleaving is Interleaving.THREADS:
            return (raced(target.make, scenario) for _ in range(SCHEDULES))
        return sampled(target.make, scenario, rng, SCHEDULES)


def run_slice(
    machine: type[Machine], work: Slice, *, number: int, examples: int, steps: int
) -> bool:
    """Run a machine on a slice; True if it ran all its examples.

    Errors: `TargetBrokeError`, and what the target raises outside a play.
    """
    bound = type(machine.__name__, (machine,), {"slice": work})
    try:
        run_state_machine_as_test(
            seed(number)(bound),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                database=None,
                derandomize=False,
                suppress_health_check=HEALTH,
                phases=(Phase.generate,),
                report_multiple_bugs=False,
                print_blob=False,
            ),
        )
    except OutOfTimeError:
        return False
    except Flaky as error:
        message = "not deterministic: the same operations led elsewhere"
        fault = TargetFault(0, None, message, f"{message}\n{error}")
        raise TargetBrokeError(fault, Scenario()) from error
    return True
