"""The adapter in Rust: sound at once, stepped, and its races found and replayed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from command_line import go_into, memslots
from memslot_conformance.targets.skeletons.copies import SKELETONS
from rust_programs import PLANTED, built, needs_rust

pytestmark = needs_rust

FOUND = {
    "no-wait": ("SRCU-5", True),
    "unlocked": ("SRCU-8", True),
    "one-step": ("DEL-1", False),
    "stuck": ("PROG-1", False),
}
"""Which clause tells each bug, and whether it takes a race to see it."""


@pytest.fixture(name="program", scope="module")
def _program(tmp_path_factory: pytest.TempPathFactory) -> str:
    return built(tmp_path_factory.mktemp("rust"))


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def test_an_adapter_in_rust_builds_as_it_says_and_is_sound_at_once() -> None:
    written = memslots("new-adapter", "rust", "mine")
    assert written.exit_code == 0, written.output
    (build,) = SKELETONS["rust"].build
    assert build in " ".join(written.output.split())
    subprocess.run(build.split(), check=True, cwd="mine")
    result = memslots("smoke", "cmd:mine/target/release/mine")
    assert result.exit_code == 0, result.output
    assert "the same schedule gives the same history" in result.output
    assert "not checked" not in result.output
    text = Path("mine/src/main.rs").read_text("utf-8")
    assert len(text.splitlines()) < 100
    assert all(f"TO DO {number}" in text for number in (1, 2, 3, 4))


@pytest.mark.parametrize("bug", PLANTED)
def test_a_planted_race_is_found_made_small_and_replayed(
    bug: str, program: str
) -> None:
    target = f"cmd:env PLANTED={bug} {program}"
    words = ("check", target, "--scenarios", "400", "--seed", "1", "-x")
    result = memslots(*words)
    assert result.exit_code == 1, result.output
    kept = sorted(Path("memslots-report").glob("*/failures/*.ndjson"))
    head = json.loads(kept[0].read_text("utf-8").splitlines()[0])
    assert (head["clause"], bool(head["scenario"]["threads"])) == FOUND[bug]
    again = memslots("replay", str(kept[0]))
    assert again.exit_code == 1, again.output
    assert head["clause"] in again.output


def test_the_sound_one_conforms(program: str) -> None:
    result = memslots("check", f"cmd:{program}", "--scenarios", "60", "--seed", "1")
    assert " fail" not in result.output, result.output
