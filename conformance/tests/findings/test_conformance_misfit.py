"""A value of the wrong type is named, where the judge stumbles on it."""

from __future__ import annotations

import pytest

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.findings.misfit import misfit_in, naming_misfits
from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.explore import replay
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Return
from memslot_spec.model.operations import GetDirtyLog, SetRegion
from memslot_spec.model.replies import DirtyLog
from memslot_spec.model.values import MemoryRegion

REGION = MemoryRegion(1, 0x10_0000, 0x4000, 0x7F00_0000_0000)


def test_the_judge_names_what_is_no_value_of_its_type() -> None:
    target = resolve("py:odd_adapters:ShowsAnything")
    trial = Trial(target.header, CLAUSES)
    scenario = Scenario((SetRegion(REGION),))
    played = replay(target.make, scenario, ())
    said = (
        r'event 3, Observed: field view\.table\.slots\[0\]: expected a Slot, got "a s'
    )
    with pytest.raises(TargetError, match=said):
        trial.try_play(played, scenario)


def test_an_error_that_no_value_explains_is_the_judges_own() -> None:
    events = (Call(0, GetDirtyLog(0)), Return(0, DirtyLog((1,))))
    assert misfit_in(events) is None
    with pytest.raises(KeyError), naming_misfits(events):
        raise KeyError
