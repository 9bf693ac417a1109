"""Every text that the reports are made of, whole, from small inputs.

The texts are in `golden/`, a file for each part. To change one on purpose, run
`make golden` and read the diff.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from clause_texts import EVIDENCE, EXPLAINED, MUSEUM
from command_texts import DIFFERENCES, OPENING, SEARCHED
from golden_blocks import check_block, check_keys
from report_texts import Texts
from run_texts import FAILURE, LANES, PROGRESS, RECORDED, TERMINAL

GOLDEN = Path(__file__).parent / "golden"

PARTS: Mapping[str, Texts] = {
    "terminal": TERMINAL,
    "failure": FAILURE,
    "lanes": LANES,
    "clauses": EXPLAINED,
    "evidence": EVIDENCE,
    "museum": MUSEUM,
    "opening": OPENING,
    "recorded": RECORDED,
    "progress": PROGRESS,
    "searched": SEARCHED,
    "difference": DIFFERENCES,
}


def fenced(text: str) -> str:
    """The text as a block can keep it: its empty lines, and what it says in colour."""
    return "\n".join(f"|{line}" for line in text.split("\n")).replace("\x1b", "ESC")


@pytest.mark.parametrize(
    ("part", "name"), [(part, name) for part, texts in PARTS.items() for name in texts]
)
def test_a_report_says_what_is_pinned(
    monkeypatch: pytest.MonkeyPatch, part: str, name: str, *, write_golden: bool
) -> None:
    monkeypatch.setenv("COLUMNS", "120")  # for the display of a run alone
    text = fenced(PARTS[part][name]())
    check_block(GOLDEN / f"{part}.txt", name, text, write=write_golden)


@pytest.mark.parametrize("part", PARTS)
def test_the_pinned_reports_are_those_that_are_made(
    part: str, *, write_golden: bool
) -> None:
    check_keys(GOLDEN / f"{part}.txt", PARTS[part], write=write_golden)
