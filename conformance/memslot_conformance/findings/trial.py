"""One play, judged; and what many of them add up to.

The place where what was run meets the clauses. A play that broke the target
is an error only where the judge found nothing before it broke.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from memslot_conformance.clock import CLOCK, Clock, Stopwatch
from memslot_conformance.findings.misfit import naming_misfits
from memslot_conformance.findings.reached import BROKEN, Reached, outcomes_of
from memslot_conformance.findings.records import ChoiceSeen
from memslot_conformance.play.overlaps import overlaps
from memslot_conformance.play.played import Played, TargetFault
from memslot_conformance.play.trimmed import trimmed
from memslot_conformance.scenarios.scenario import Scenario
from memslot_spec.choice import AnyChoice, OptionCounts
from memslot_spec.choices import CHOICES
from memslot_spec.clause import AnyClause
from memslot_spec.history.events import Event, is_point
from memslot_spec.history.header import Header, Interleaving
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import Judge, judge_events
from memslot_spec.judging.judgement import Finding, Judgement

BREAKS = 100
"""Races of threads in which a target breaks before that is all there is to say of it.

In one of them it may answer wrongly first, and then the clause is known.
"""

BREAKS_ALIKE = 8
"""The same of what repeats: it breaks there each time, and elsewhere it may not."""


@dataclass(slots=True)
class Counts:
    """What plays add up to: how much was run, which premises held, and what met.

    `reached` counts for each clause how often its premise held, `histories` in
    how many histories it held at all, and `occasions` how often that of a clause
    was met. Of the `raced` plays, on threads that nobody steps, so many `overlapped`.
    `met` counts what was asked and what met, as `scenarios.drawn.met` names it;
    `dealt`, which pairs races were dealt.
    """

    scenarios: int = 0
    schedules: int = 0
    repeats: int = 0
    steps: int = 0
    requests: int = 0
    reached: Counter[str] = field(default_factory=Counter[str])
    histories: Counter[str] = field(default_factory=Counter[str])
    undecided: Counter[str] = field(default_factory=Counter[str])
    occasions: Counter[str] = field(default_factory=Counter[str])
    raced: int = 0
    overlapped: int = 0
    met: Counter[str] = field(default_factory=Counter[str])
    dealt: Counter[str] = field(default_factory=Counter[str])

    def hear(self, reached: dict[str, int], undecided: str | None) -> None:
        """Count what the judge of one history says."""
        of_all, histories = self.reached, self.histories
        for clause, count in reached.items():
            if count:
                of_all[clause] += count
                histories[clause] += 1
        if undecided is not None:
            self.undecided[undecided] += 1

    @property
    def orders(self) -> int:
        """How many schedules differ as partial orders."""
        return self.schedules - self.repeats

    def add(self, other: Counts) -> None:
        """Count what others have."""
        self.scenarios += other.scenarios
        self.schedules += other.schedules
        self.repeats += other.repeats
        self.steps += other.steps
        self.requests += other.requests
        self.reached.update(other.reached)
        self.histories.update(other.histories)
        self.undecided.update(other.undecided)
        self.occasions.update(other.occasions)
        self.raced += other.raced
        self.overlapped += other.overlapped
        self.met.update(other.met)
        self.dealt.update(other.dealt)


class TargetBrokeError(Exception):
    """The target broke with no clause broken before: an error, not a verdict."""

    def __init__(
        self, fault: TargetFault, scenario: Scenario, played: Played | None = None
    ) -> None:
        super().__init__(fault.message)
        self.fault = fault
        self.scenario = scenario
        self.played = played


@dataclass(slots=True)
class Trial:
    """Judges plays of one target, and counts them.

    `blind` removes the points before judging. `since` runs from the first judged
    play on. `taken` counts the options of `choices` over all of them, and `reached`
    says what was reached at all. `withheld` are the clauses without a verdict, each
    with how points and introspection disagree.
    """

    header: Header
    clauses: tuple[AnyClause, ...]
    is_blind: bool = False
    choices: tuple[AnyChoice, ...] = CHOICES
    counts: Counts = field(default_factory=Counts)
    clock: Clock = CLOCK
    since: Stopwatch | None = None
    taken: Counter[tuple[str, str]] = field(default_factory=Counter[tuple[str, str]])
    reached: Reached = field(default_factory=Reached)
    withheld: dict[str, str] = field(default_factory=dict[str, str])
    broken: TargetBrokeError | None = None
    breaks_so_far: int = 0
    applicable: ApplicableClauses = field(init=False)
    _alone: dict[str, ApplicableClauses] = field(
        init=False, default_factory=dict[str, ApplicableClauses]
    )

    def __post_init__(self) -> None:
        header = blind(self.header) if self.is_blind else self.header
        self.applicable = ApplicableClauses(header, self.clauses, self.choices)

    @property
    def is_raced(self) -> bool:
        """Races are run by threads of the machine's."""
        return self.header.capabilities.interleaving is Interleaving.THREADS

    def begin(self) -> None:
        """The first judged step is about to be made."""
        if self.since is None:
            self.since = Stopwatch(self.clock)

    def shows(self, event: Event) -> bool:
        """The event is one that is judged: blind, points are not."""
        return not self.is_blind or not is_point(type(event))

    def begin_scenario(self) -> None:
        """A scenario is about to be played, under one schedule or many."""
        self.counts.scenarios += 1
        self.reached.begin_scenario()

    def count(self, judge: Judge, events: Sequence[Event]) -> None:
        """Count what one judge has seen of these events."""
        self._count(judge.judgement(), events)

    def _count(self, judgement: Judgement, events: Sequence[Event]) -> None:
        counts, reached = self.counts, self.reached
        counts.schedules += 1
        counts.steps += len(events)
        counts.hear(judgement.reached, judgement.undecided)
        counts.occasions.update(judgement.occasions)
        reached.hear_judged(judgement.reached, judgement.taken)
        if judgement.findings:
            reached.hear((BROKEN, finding.clause) for finding in judgement.findings)
        else:
            reached.hear(outcomes_of(events))
        self._take(judgement.taken)
        self._withhold(judgement)

    def _withhold(self, judgement: Judgement) -> None:
        """Note what could not be judged, and the first reason."""
        if judgement.contradiction is not None:
            for clause in judgement.withheld or ():
                self.withheld.setdefault(clause, judgement.contradiction)

    def _take(self, taken: OptionCounts) -> None:
        for option, count in taken.items():
            self.taken[option] += count

    def choices_seen(self) -> list[ChoiceSeen]:
        """What was seen of every choice that the target can show."""
        return [
            ChoiceSeen(
                target=self.header.target,
                choice=choice.id,
                taken={
                    option: self.taken[choice.id, option] for option in choice.options
                },
            )
            for choice in self.applicable.choices
        ]

    def since_start(self) -> float:
        """Seconds since the first judged play."""
        return 0.0 if self.since is None else self.since.seconds

    def judge(self, played: Played) -> Judgement:
        """Judge a play, without counting it. Errors: as `naming_misfits`."""
        return self._judged(played, self.applicable)

    def _judged(self, played: Played, applicable: ApplicableClauses) -> Judgement:
        events = without_points(played.events) if self.is_blind else played.events
        with naming_misfits(events):
            return judge_events(applicable, events)

    def try_play(self, played: Played, scenario: Scenario) -> tuple[Finding, ...]:
        """Judge a play and count it; what it found.

        Errors: `TargetBrokeError` where the target broke, or returned without a call,
        with no finding before.
        """
        self.begin()
        return self.conclude(self.judge(played), played, scenario)

    def conclude(
        self, judgement: Judgement, played: Played, scenario: Scenario
    ) -> tuple[Finding, ...]:
        """Count a play that was judged; what it found.

        Errors: as `try_play`.
        """
        self._count(judgement, played.events)
        self.counts.repeats += played.repeats
        if self.is_raced and scenario.threads:
            self.counts.raced += 1
            self.counts.overlapped += overlaps(played.events) > 0
        if judgement.findings:
            return judgement.findings
        fault = played.error
        told = judgement.contradiction
        if fault is None and told is not None and judgement.withheld is None:
            fault = TargetFault(0, None, told)
        if fault is not None:
            self._broke(TargetBrokeError(fault, scenario, played))
        return ()

    def _broke(self, broke: TargetBrokeError) -> None:
        """Note how the target broke; what is played next may show why.

        Errors: the `broke` given, or the first of several.
        """
        self.broken = self.broken or broke
        self.breaks_so_far += 1
        by_chance = self.is_raced and broke.scenario.threads
        most = BREAKS if by_chance else BREAKS_ALIKE
        if self.breaks_so_far >= most or broke.fault.is_left_behind:
            raise self.broken

    def check_unbroken(self) -> None:
        """Errors: `TargetBrokeError`, where the target broke and it was gone on."""
        if self.broken is not None:
            raise self.broken

    def breaks_alone(self, played: Played, clause: str) -> bool:
        """The play breaks this clause where no other is asked about."""
        alone = self._alone.get(clause)
        if alone is None:
            only = [each for each in self.clauses if each.id == clause]
            alone = ApplicableClauses(self.applicable.header, only)
            self._alone[clause] = alone
        return bool(self._judged(played, alone).findings)

    def trimmed(self, played: Played, clause: str) -> Played:
        """The play up to where it breaks the clause, without looks it can spare."""
        broken = self._breaking(played.events, clause)
        if broken is None:
            return played
        event = played.events[broken]

        def still_breaks(events: tuple[Event, ...]) -> bool:
            step = self._breaking(events, clause)
            return step is not None and events[step] is event

        return replace(played, events=trimmed(played.events, broken, still_breaks))

    def _breaking(self, events: tuple[Event, ...], clause: str) -> int | None:
        """The step at which these break the clause."""
        found = judge_events(self.applicable, events).findings
        return next((f.step for f in found if f.clause == clause), None)

    def breaks(self, played: Played, clause: str) -> bool:
        """The play breaks this clause."""
        return any(f.clause == clause for f in self.judge(played).findings)
