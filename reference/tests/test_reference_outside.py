"""Every bug of the catalogue is an exhibit of the museum, or it says why not."""

from __future__ import annotations

import re

from memslot_reference.museum import CATALOGUE
from memslot_reference.museum.outside import OUTSIDE

BUGS = (
    *(f"K{number:02}" for number in range(1, 69)),
    *(f"U{number:02}" for number in range(1, 16)),
)
DEFECTS = tuple(f"S{number}" for number in range(1, 23))

PENDING: tuple[str, ...] = ()
"""Being built; whoever adds one to the museum takes it out here."""

EXHIBITS = frozenset(m.name for m in CATALOGUE if m.kind == "museum")
NAMED = frozenset(
    defect
    for mutant in CATALOGUE
    if mutant.kind == "museum"
    for defect in re.findall(r"\bS\d+\b", f"{mutant.name} {mutant.source}")
)


def test_every_bug_is_an_exhibit_or_says_why_not() -> None:
    missing = set(BUGS) - EXHIBITS - OUTSIDE.keys() - set(PENDING)
    assert not missing


def test_no_bug_is_both_in_the_museum_and_outside() -> None:
    assert not EXHIBITS & OUTSIDE.keys()


def test_only_what_is_missing_is_pending() -> None:
    assert not set(PENDING) & OUTSIDE.keys()
    assert set(PENDING) <= set(BUGS)


def test_every_defect_of_the_patch_is_named_or_says_why_not() -> None:
    missing = set(DEFECTS) - NAMED - OUTSIDE.keys()
    assert not missing
    assert not NAMED & OUTSIDE.keys()


def test_nothing_outside_is_unknown_to_the_catalogue() -> None:
    assert OUTSIDE.keys() <= {*BUGS, *DEFECTS}
    assert all(reason for reason in OUTSIDE.values())


def test_numbered_exhibits_are_of_the_catalogue() -> None:
    numbered = {name for name in EXHIBITS if re.fullmatch(r"[KUS]\d+", name)}
    assert numbered <= {*BUGS, *DEFECTS}
