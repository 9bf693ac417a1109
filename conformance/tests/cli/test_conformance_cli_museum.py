"""`memslots museum`: what killed each mutant, and what if one survives."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import go_into, memslots, runs


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def test_the_museum_names_what_killed_each_mutant(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="TSS-2")
    result = memslots(
        "museum", "K01", "--seeds", "3", "--seed", "5", "--json", "m.json"
    )
    assert result.exit_code == 0
    assert "1 of 1 mutants detected by a clause they name" in result.output
    assert "3 of 3" in result.output
    assert "median 0.50 s, worst 0.50 s" in result.output
    attempts = json.loads(Path("m.json").read_text("utf-8"))
    assert [attempt["seed"] for attempt in attempts] == [5, 6, 7]
    assert {attempt["layer"] for attempt in attempts} == {"fixed"}


def test_the_museum_tells_survivors(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch)
    result = memslots("museum", "K01", "museum:K02")
    assert result.exit_code == 1
    assert result.stdout.count("SURVIVED") == 2


def test_a_mutant_that_breaks_only_other_clauses_has_survived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="REQ-1")
    result = memslots("museum", "K01")
    assert result.exit_code == 1
    assert "SURVIVED, though it breaks REQ-1" in result.output


def test_a_mutant_that_had_no_time_has_not_survived() -> None:
    result = memslots("museum", "K04", "--max-time", "0.000001", "--seed", "1")
    assert result.exit_code == 4
    assert "HAD NO TIME: nothing was played (seed 1)" in result.output
    assert "survived" not in result.output


def test_a_mutant_whose_races_were_cut_short_has_not_survived(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, cut="its time ran out")
    result = memslots("museum", "K01")
    assert result.exit_code == 4
    assert "HAD NO TIME: its time ran out (seed " in result.output


def test_a_mutant_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, breaks=True)
    result = memslots("museum", "K01")
    assert result.exit_code == 3
    assert "ERROR: RuntimeError: it broke" in result.output


def test_the_museum_can_be_listed() -> None:
    result = memslots("museum", "--list")
    assert result.exit_code == 0
    assert "K01" in result.output
