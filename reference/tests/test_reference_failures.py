"""What a failure says is pinned: the words of one finding for each clause.

`golden/failures.txt` has, for the first case of a clause that its mutant breaks,
what was expected and what was observed. To change one on purpose, run `make golden`,
read what is new as somebody would who did not write it, and commit the file.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from every_museum_case import CASES
from golden_blocks import check_block, check_keys, read_blocks
from memslot_reference.museum import mutant_named
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.judgement import Finding
from museum_cases import Case, applicable_to, judged, plays, profile_of

FAILURES = Path(__file__).parent / "golden" / "failures.txt"

FIRST_CASE: Mapping[str, Case] = {case.clause: case for case in reversed(CASES)}

IDS = tuple(clause.id for clause in CLAUSES)

REPR = re.compile(
    r"\b[A-Z]\w*\(|<[\w.]+ (object|enum)|\bNone\b|\(\(|\[\(|,\)|(?<!\w)\[-?\d*\]"
)
"""What Python shows of a value, where words are wanted."""


def first_finding(case: Case) -> Finding:
    """The first finding of the clause, in the order of the schedules."""
    mutant, profile = mutant_named(case.mutant), profile_of(case)
    held = applicable_to(mutant.make, profile, is_blind=case.is_blind)
    for played in plays(mutant.make, profile, case):
        for finding in judged(held, played).findings:
            if finding.clause == case.clause:
                return finding
    message = f"{case} shows no finding"
    raise LookupError(message)


@pytest.mark.parametrize("clause", IDS)
def test_a_failure_says_what_is_pinned(clause: str, *, write_golden: bool) -> None:
    case = FIRST_CASE[clause]
    finding = first_finding(case)
    text = (
        f"mutant:   {case.mutant}{', blind' if case.is_blind else ''}\n"
        f"expected: {finding.expected}\nobserved: {finding.observed}"
    )
    check_block(FAILURES, clause, text, write=write_golden)


def test_the_pinned_failures_are_of_the_clauses(*, write_golden: bool) -> None:
    check_keys(FAILURES, IDS, write=write_golden)


@pytest.mark.parametrize("clause", IDS)
def test_expected_and_observed_differ_and_are_words(clause: str) -> None:
    assert complaints(read_blocks(FAILURES)[clause]) == []


def complaints(block: str) -> list[str]:
    """What is wrong with the words of a failure."""
    words = dict(re.findall(r"^(expected|observed): (.*)$", block, re.MULTILINE))
    found = [
        f"{what} shows {m[0]!r}" for what in words if (m := REPR.search(words[what]))
    ]
    found += [
        f"{what} is empty"
        for what in ("expected", "observed")
        if not words.get(what, "").strip()
    ]
    if words.get("expected") == words.get("observed"):
        found.append("expected and observed are the same")
    return found
