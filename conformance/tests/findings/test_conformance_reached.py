"""What was reached anew, and when nothing new is to be had any more."""

from __future__ import annotations

from memslot_conformance.findings.reached import (
    LEAST,
    OUTCOME,
    PREMISE,
    Reached,
    outcomes_of,
)
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.scheduler import play
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Return
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToHvaProt,
    IsVisibleGfn,
    MmuPages,
    SetRegion,
)
from memslot_spec.model.replies import (
    FoundHostPage,
    FoundHva,
    Number,
    Refused,
    Visible,
)
from memslot_spec.model.values import Errno, HvaError, MemoryRegion


def scenarios(reached: Reached, count: int) -> None:
    for _ in range(count):
        reached.begin_scenario()


def test_nothing_new_for_as_long_as_it_took_is_enough_but_never_for_less() -> None:
    reached = Reached()
    reached.begin_scenario()
    reached.hear([(PREMISE, "REQ-1")])
    scenarios(reached, LEAST - 1)
    assert not reached.exhausted
    scenarios(reached, 1)
    assert reached.exhausted
    scenarios(reached, LEAST)
    reached.hear([(PREMISE, "REQ-2")])
    newest = reached.newest
    assert newest > LEAST
    scenarios(reached, newest - 1)
    assert not reached.exhausted
    scenarios(reached, 1)
    assert reached.exhausted


def test_what_was_reached_before_is_not_new() -> None:
    reached = Reached()
    reached.begin_scenario()
    reached.hear_judged({"REQ-1": 2, "REQ-2": 0}, {("no-op", "none"): 1})
    scenarios(reached, 3)
    reached.hear_judged({"REQ-1": 5}, {("no-op", "none"): 7})
    assert (reached.newest, reached.scenarios) == (1, 4)
    assert reached.by_kind == {"option": 1, "premise": 1}


def test_an_outcome_is_a_kind_of_operation_and_of_reply() -> None:
    events = (
        Call(1, GfnToHva(3)),
        Call(2, SetRegion(MemoryRegion(0, 0, 0, 0))),
        Return(1, FoundHva(None)),
        Return(2, Refused(Errno.EINVAL)),
        Call(1, IsVisibleGfn(3)),
        Return(1, Visible(visible=True)),
        Call(1, GfnToHvaProt(3)),
        Return(1, FoundHostPage(None, error=HvaError.BAD)),
        Call(1, MmuPages()),
        Return(1, Number(64)),
        Call(1, MmuPages()),
        Return(1, Number(65)),
        Call(2, SetRegion(MemoryRegion(0, 0, 0, 0))),
        Return(2, Refused(None)),
    )
    assert outcomes_of(events) == {
        (OUTCOME, "GfnToHva", "FoundHva", "none"),
        (OUTCOME, "SetRegion", "Refused", "EINVAL"),
        (OUTCOME, "SetRegion", "Refused", ""),
        (OUTCOME, "IsVisibleGfn", "Visible", "True"),
        (OUTCOME, "GfnToHvaProt", "FoundHostPage", "BAD"),
        (OUTCOME, "MmuPages", "Number", ""),
    }


def test_a_trial_tells_of_premises_options_outcomes_and_broken_clauses() -> None:
    target = resolve("museum:K09")
    trial = Trial(target.header, CLAUSES)
    right, wrong = Scenario((MmuPages(),)), Scenario((IsVisibleGfn(0),))
    trial.begin_scenario()
    assert trial.try_play(play(target.make, right), right) == ()
    assert {kind for kind, *_ in trial.reached.things} >= {PREMISE, OUTCOME}
    assert trial.counts.scenarios == trial.reached.scenarios == 1
    assert trial.try_play(play(target.make, wrong), wrong) == ()


def test_what_met_is_of_the_kind_that_its_first_word_says() -> None:
    reached = Reached()
    reached.begin_scenario()
    reached.hear_met(["pair SetRegion x Halt", "edge last slot id", "then A > B"])
    assert reached.by_kind == {"edge": 1, "ordered pair": 1, "pair": 1}
    reached.begin_scenario()
    reached.hear_met(["edge last slot id"])
    assert reached.newest == 1
