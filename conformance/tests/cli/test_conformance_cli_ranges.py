"""A table by ranges from its first file to a finding; what it is not held to."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import range_program
from command_line import go_into, memslots
from memslot_conformance.targets.resolve import resolve
from memslot_spec.choices import CHOICES
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.applies import ApplicableClauses, not_applicable
from memslot_spec.judging.by_ranges import ABOUT_IDS, ITS_CHOICES, SHARED

COPIES = "            written.add(page)\n"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def test_an_adapter_by_ranges_is_sound_at_once_and_conforms() -> None:
    written = memslots("new-adapter", "ranges", ".")
    assert written.exit_code == 0, written.output
    assert "memslots smoke 'py:ranges_adapter:Adapter'" in written.output
    assert len(Path("ranges_adapter.py").read_text("utf-8").splitlines()) < 100
    smoke = memslots("smoke", "py:ranges_adapter:Adapter")
    assert smoke.exit_code == 0, smoke.output
    result = memslots(
        "check", "py:ranges_adapter:Adapter", "--scenarios", "15", "--seed", "1"
    )
    assert result.exit_code == 0, result.output


def test_a_log_that_loses_writes_is_found() -> None:
    memslots("new-adapter", "ranges", ".")
    file = Path("ranges_adapter.py")
    text = file.read_text("utf-8")
    assert COPIES in text
    file.write_text(text.replace(COPIES, "            pass\n"), "utf-8")
    target = "py:ranges_adapter:Adapter"
    result = memslots("check", target, "--scenarios", "40", "--seed", "1", "-x")
    assert result.exit_code == 1, result.output
    assert "RNG-14" in result.output


def test_a_program_may_have_ranges_as_well() -> None:
    target = f"cmd:{sys.executable} -S -E {range_program.__file__}"
    result = memslots("check", target, "--scenarios", "5", "--seed", "1")
    assert result.exit_code == 0, result.output


def test_the_clauses_of_the_other_table_do_not_apply_and_say_why() -> None:
    ranges, ids = resolve("reference-ranges").header, resolve("reference").header
    for clause in CLAUSES:
        why = not_applicable(clause, ranges)
        if clause.ranges:
            assert not_applicable(clause, ids) == "the target's slots have ids"
        else:
            assert (why == ABOUT_IDS) is (clause.id not in SHARED)


def test_the_shared_clauses_are_clauses_of_the_law_by_ids() -> None:
    named = {clause.id for clause in CLAUSES if not clause.ranges}
    assert named > SHARED


def test_the_choices_of_a_table_by_ranges_are_among_all() -> None:
    assert {choice.id for choice in CHOICES} >= ITS_CHOICES
    held = ApplicableClauses(resolve("reference-ranges").header, CLAUSES, CHOICES)
    assert {choice.id for choice in held.choices} == ITS_CHOICES
