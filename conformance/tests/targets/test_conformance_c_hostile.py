"""Hostile libraries in C: an error that says what and when; nothing else is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from c_libraries import SKELETON, built, needs_c
from command_line import memslots
from hostile_libraries import HOSTILE, SLOW, Hostile
from memslot_conformance.findings.parts import PartSaid
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    TargetFailed,
    TargetFinished,
    TargetStarted,
)
from memslot_conformance.run.part_run import WorkerLimits, follow

pytestmark = needs_c

CLAUSES = ("REQ-1", "SLOT-1", "SRCU-2", "DIRTY-1")
ALONE, STEPPED = ("fixed", "sequential"), ("sampled",)
PLAYS = 40


def all_of(cases: tuple[Hostile, ...]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("hostile", cases, ids=lambda hostile: hostile.name)


@all_of(HOSTILE)
def test_a_hostile_library_ends_with_what_it_did_and_was_asked(
    hostile: Hostile, tmp_path: Path
) -> None:
    plan = TargetPlan(
        target=hostile.built(tmp_path),
        profile=None,
        level="brief",
        seed=1,
        layers=STEPPED if hostile.steps else ALONE,
        clauses=CLAUSES,
        seconds=60.0,
        plays=1 if hostile.sound else PLAYS,
    )
    records: list[PartSaid] = []
    broken = follow(plan, WorkerLimits(), records.append)
    failed = [record for record in records if isinstance(record, TargetFailed)]
    said = [(one.what, one.last) for one in failed]
    if broken is not None:
        said.append((broken.what, broken.last))
    if hostile.sound:
        assert not said
        assert isinstance(records[-1], TargetFinished)
        return
    (what, last) = said[0]
    assert hostile.told in what
    assert hostile.asked in last
    if last.startswith("making target"):
        assert not hostile.asked
    else:
        assert isinstance(records[0], TargetStarted)


@pytest.mark.hostile
@all_of((*SLOW, *(each for each in HOSTILE if not each.sound)))
def test_a_hostile_library_takes_nothing_from_another_target(
    hostile: Hostile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sound").mkdir()
    sound = built(SKELETON.read_text(encoding="utf-8"), tmp_path / "sound")
    result = memslots(
        *("check", hostile.built(tmp_path), sound, "--max-time", "5"),
        *("--clauses", "REQ-*", "--clauses", "PROG-*"),
    )
    assert hostile.told in " ".join(result.output.split())
    # Of the sound one, which is the skeleton, it is known that it refuses too little.
    assert f"{sound} breaks" in result.output
    assert result.exit_code == 1
