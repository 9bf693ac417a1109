"""How a clause is known: no clause in no way, and what was read names its lines."""

from __future__ import annotations

import re
from datetime import date

import pytest

from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.known import Known, Measured, Way

every_clause = pytest.mark.parametrize("clause", CLAUSES, ids=lambda c: c.id)

LINES = re.compile(r"\b6\.1 [\w/]+\.(?:c|h|rst):\d+")
"""A place in a kernel that was opened whole: its version, file and line."""

FUNCTION = re.compile(r"\b(?:patch|v2\.6\.34)\b[^;]*?(?:\w+\(\)|struct \w+)")
"""A place in the patch, or in the tree as it stood with it: it has no stable lines."""

TODAY = date(2026, 11, 27)
"""The last day on which lines were read for this version; a later reading moves it."""

MARKED_DERIVED = frozenset({"REQ-23", "LOOK-7", "SRCU-6", "SLOT-6", "SLOT-8", "SLOT-9"})
"""What the audit of all clauses marked as derived; an argument has to stand there."""

LATER = re.compile(r"\b(3ccbf6f47098|aa85986e7150)\b")
"""Commits after 6.1 of which the message is known here, and not the lines."""


def test_a_clause_known_in_no_way_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="in one way at least"):
        Known()


@pytest.mark.parametrize(
    "half", [{"read": "6.1"}, {"last_read": "2026", "derived": "x"}]
)
def test_what_was_read_was_read_at_some_time(half: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="to be said when"):
        Known(
            read=half.get("read", ""),
            last_read=half.get("last_read", ""),
            derived=half.get("derived", ""),
        )


def test_the_ways_are_those_that_say_something() -> None:
    seen = Measured("6.18", "memslots check kvm")
    assert Known(measured=seen).ways == (Way.MEASURED,)
    assert Known(measured=seen).source == "Linux 6.18, `memslots check kvm`"
    assert Known(derived="it follows").source == "derived: it follows"
    whole = Known(
        read="6.1 a.c:1, f()", last_read="2026-11", measured=seen, derived="so"
    )
    assert whole.ways == tuple(Way)
    assert whole.source == "6.1 a.c:1, f()"
    assert [words for _, words in whole.words] == [
        "6.1 a.c:1, f() (last read 2026-11)",
        "Linux 6.18, `memslots check kvm`",
        "so",
    ]


@every_clause
def test_what_was_read_names_a_file_a_line_and_a_function(clause: AnyClause) -> None:
    read = clause.known.read
    if read:
        assert LINES.search(read) or FUNCTION.search(read)
        assert "follows" not in read
        assert "derived" not in read


@every_clause
def test_lines_were_read_on_a_day_or_in_a_month_that_is_past(clause: AnyClause) -> None:
    known = clause.known
    if known.read:
        whole = known.last_read + "-01" * (known.last_read.count("-") == 1)
        assert date(2026, 11, 1) <= date.fromisoformat(whole) <= TODAY


@every_clause
def test_an_argument_is_one_sentence(clause: AnyClause) -> None:
    argument = clause.known.derived
    assert argument == argument.strip()
    assert not argument.endswith(".")
    assert ". " not in argument


@every_clause
def test_a_clause_of_today_was_read_in_a_kernel_of_today(clause: AnyClause) -> None:
    if "linux" in clause.profiles and clause.known.read:
        of_both = "v2.6.34" in clause.profiles and FUNCTION.search(clause.known.read)
        assert LINES.search(clause.known.read) or of_both


def test_what_the_audit_called_derived_says_its_argument() -> None:
    without = [i for i in MARKED_DERIVED if not clause_by_id(i).known.derived]
    assert without == []


@every_clause
def test_a_later_commit_that_nobody_opened_was_not_read(clause: AnyClause) -> None:
    known = clause.known
    for commit in LATER.findall(f"{known.read} {known.derived}"):
        assert commit in known.derived
        assert "message of commit" in known.derived


@every_clause
def test_an_implied_clause_names_others_and_says_why(clause: AnyClause) -> None:
    if clause.implied is None:
        return
    assert clause.implied.by
    assert clause.implied.because
    for name in clause.implied.by:
        other = clause_by_id(name)
        assert other is not clause
        assert other.implied is None
        assert other.profiles & clause.profiles
    bound = frozenset[str]().union(
        *(clause_by_id(n).profiles for n in clause.implied.by)
    )
    assert clause.profiles <= bound
