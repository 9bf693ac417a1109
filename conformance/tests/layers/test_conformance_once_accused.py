"""Scenarios in which the unchanged reference was accused once, under all schedules."""

from __future__ import annotations

import pytest

from memslot_conformance.findings.trial import Trial
from memslot_conformance.play.bounded import bounded
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    SetRegion,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, MemoryRegion

PAGES, HVA = 64, 0x10_0000
EVERY_PAGE, PAGE_1 = ((1 << 64) - 1,), (0b10,)


def slot(flags: int) -> SetRegion:
    return SetRegion(MemoryRegion(0, 0, PAGES << 12, HVA, flags))


ACCUSED = {
    "a READONLY slot that began dirty, and a CLEAR that is refused beside another": (
        Scenario(
            (slot(BIT_1), EnableManualProtect(3), slot(BIT_1 | LOG_DIRTY_PAGES)),
            (
                (ClearDirtyLog(0, 0, PAGES - 1, EVERY_PAGE),),
                (ClearDirtyLog(0, 0, PAGES, PAGE_1),),
            ),
            (GetDirtyLog(0),),
        )
    ),
}


@pytest.mark.parametrize("is_blind", [False, True], ids=["sighted", "blind"])
@pytest.mark.parametrize("name", ACCUSED)
def test_nobody_is_accused_any_more(name: str, *, is_blind: bool) -> None:
    target = resolve("reference-linux")
    trial = Trial(target.header, tuple(CLAUSES), is_blind=is_blind)
    played = [*bounded(target.make, ACCUSED[name], 1)]
    assert len(played) > 1
    assert [f for play in played for f in trial.judge(play).findings] == []
