"""The lawful wing in the report: its table, its list and its file."""

from __future__ import annotations

import json
from pathlib import Path

from memslot_conformance.museum import lawful
from memslot_conformance.museum.lawful import Hearing
from memslot_conformance.report.lawful import listing, table, write_json

HEADS = ("variant", "base", "schedules", "clauses", "asked")

CLEAR = Hearing(variant="waits-twice", seed=1, schedules=3, judged=1)
CUT = Hearing(
    variant="waits-twice", seed=1, schedules=3, judged=1, cut=("fixed: no time left",)
)
ACCUSED = Hearing(
    variant="waits-twice", seed=2, accused_by=("REQ-1",), schedules=1_005, judged=7
)
OTHER = Hearing(variant="flushes-the-slot", seed=1, schedules=2, judged=4)


def test_the_table_shows_the_worst_seed_of_a_variant_and_adds_up_what_was_played() -> (
    None
):
    variants = lawful.chosen(["waits-twice", "flushes-the-slot"])
    lines = table([CLEAR, ACCUSED, OTHER], variants)
    first, second = variants
    assert lines[0].split() == [*HEADS, "outcome"]
    assert lines[1].split() == [
        "waits-twice",
        *f"{first.base} {first.profile}".split(),
        *("1,008", "7"),
        *["accused", "by", "REQ-1", "(seed", "2)"],
    ]
    assert lines[2].split() == [
        "flushes-the-slot",
        *f"{second.base} {second.profile}".split(),
        *("2", "4", "not", "accused"),
    ]
    assert lines[3:] == ["", "1 of 2 lawful variants played and not accused"]


def test_one_seed_alone_is_not_named() -> None:
    variants = lawful.chosen(["waits-twice"])
    assert table([ACCUSED], variants)[1].endswith("accused by REQ-1")


def test_a_variant_that_was_not_played_has_no_figures() -> None:
    variants = lawful.chosen(["waits-twice"])
    assert " 0 " in table([], variants)[1]


def test_the_table_says_where_silence_is_worth_less() -> None:
    variants = lawful.chosen(["waits-twice"])
    assert table([CUT], variants)[1].endswith("not accused; fixed: no time left")


def test_what_is_known_of_a_variant_is_written_with_its_hearing(
    tmp_path: Path,
) -> None:
    variants = lawful.chosen(["waits-twice"])
    file = tmp_path / "lawful.json"
    write_json(file, [CLEAR], variants)
    text = file.read_text("utf-8")
    assert text.endswith("]\n")
    (told,) = json.loads(text)
    (one,) = variants
    assert told == {
        "variant": "waits-twice",
        "seed": 1,
        "accused_by": [],
        "schedules": 3,
        "judged": 1,
        "cut": [],
        "broke": None,
        "outcome": "not accused",
        "base": one.base,
        "profile": one.profile,
        "unusual": one.unusual,
        "source": one.source,
        "tag": one.tag,
        "comes_close_to": list(one.clauses),
    }


def test_the_list_says_what_is_unusual_and_what_it_comes_close_to() -> None:
    variants = lawful.chosen(["waits-twice"])
    (line,) = listing(variants)
    assert variants[0].unusual in line
    assert line.endswith("[DEL-2, DEL-3, MOVE-2]")
    assert listing([]) == []
