"""`memslots museum --lawful`, and the targets `lawful:NAME`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import go_into, memslots, runs
from memslot_conformance.targets.resolve import (
    UnknownTargetError,
    resolve,
    variant_names,
)


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def test_variants_that_nothing_accuses_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch)
    result = memslots(
        "museum", "--lawful", "waits-twice", "lawful:flushes-the-slot", "--seed", "7"
    )
    assert result.exit_code == 0
    assert "waits-twice  seed 7: not accused" in result.stderr
    assert "2 of 2 lawful variants played and not accused" in result.stdout


def test_a_variant_that_is_accused_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, broken="REQ-1")
    result = memslots(
        "museum",
        "--lawful",
        "waits-twice",
        "--seed",
        "1",
        "--seeds",
        "2",
        "--json",
        "w",
    )
    assert result.exit_code == 1
    assert "waits-twice  seed 2: accused by REQ-1" in result.stderr
    told = json.loads(Path("w").read_text("utf-8"))
    assert [hearing["accused_by"] for hearing in told] == [["REQ-1"], ["REQ-1"]]


def test_a_variant_that_breaks_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    runs(monkeypatch, breaks=True)
    result = memslots("museum", "--lawful", "waits-twice")
    assert result.exit_code == 3
    assert "error: RuntimeError: it broke" in result.stderr


def test_a_run_in_which_nothing_was_judged_says_so_and_does_not_pass(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    runs(monkeypatch, reached=0)
    result = memslots("museum", "--lawful", "waits-twice")
    assert result.exit_code == 4
    assert "had no time" in result.stderr
    assert "0 of 1 lawful variants" in result.stdout


def test_the_wing_can_be_listed() -> None:
    result = memslots("museum", "--lawful", "--list")
    assert result.exit_code == 0
    assert len(result.stdout.splitlines()) == len(variant_names())


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("no-such",), "memslots museum --lawful --list"),
        (("--adequacy",), "are two runs"),
    ],
)
def test_what_cannot_be_run_is_refused(words: tuple[str, ...], told: str) -> None:
    result = memslots("museum", "--lawful", *words)
    assert result.exit_code == 2
    assert told in result.stderr


def test_a_variant_is_a_target() -> None:
    target = resolve("lawful:waits-twice")
    assert target.profile.name == "v2.6.34"
    assert target.description.endswith(".")
    assert resolve("lawful:waits-twice", "linux").profile.name == "linux"


def test_a_target_that_is_no_variant_is_refused() -> None:
    with pytest.raises(UnknownTargetError, match="Did you mean"):
        resolve("lawful:waits-twise")
