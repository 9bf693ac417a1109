"""Mutation by lot, tried on a small package that is planted for it."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from by_lot import PACKAGE, TESTS, drawn, main, read
from source_changes import KINDS, changes, says_something_else
from tree_copies import Tree, python

SOURCE = '''
"""A docstring of 1 + 1."""

from __future__ import annotations

Pair = tuple[int, int] | None

SIZES = (1, 2, 3)


def most(sizes: tuple[int, ...] = SIZES, *, start: int = 0) -> int | None:
    """The largest, or None: not 1 + 1."""
    found = start
    for size in sizes:
        if size > found and not found < 0:
            found = max(size, found, key=int)
    if found == 99:
        print("never", flush=True)
    return found
'''

CHECKS = """
from memslot_conformance.play.most import most


def test_most() -> None:
    assert most() == 3
    assert most((1, 3, 2)) == 3
    assert most((), start=7) == 7
"""

HANGS = """
def until(limit: int) -> int:
    number = 0
    while number < limit:
        number += 1
    return number
"""


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A tree with one folder and its tests."""
    folder = tmp_path / PACKAGE / "play"
    folder.mkdir(parents=True)
    folder.with_name("__init__.py").touch()
    (folder / "__init__.py").touch()
    (folder / "most.py").write_text(dedent(SOURCE), encoding="utf-8")
    tests = tmp_path / TESTS / "play"
    tests.mkdir(parents=True)
    (tests / "test_most.py").write_text(dedent(CHECKS), encoding="utf-8")
    return tmp_path


def made(source: str) -> set[tuple[str, str, str]]:
    text = source.encode()
    return {
        (change.kind, change.before(text), change.after)
        for change in changes(text)
        if says_something_else(change, text)
    }


def test_each_kind_of_change_is_made_where_it_has_an_effect() -> None:
    found = made(SOURCE)
    assert {kind for kind, _, _ in found} == set(KINDS)
    assert found >= {
        ("element", ", 3", ""),
        ("number", "99", "0"),
        ("operator", ">", ">="),
        ("operator", "and", "or"),
        ("condition", "not found < 0", "bool(found < 0)"),
        ("text", '"never"', "'neverXX'"),
        ("statement", 'print("never", flush=True)', "pass"),
        ("argument", ", key=int", ""),
        ("statement", "found", "None"),
    }


def test_docstrings_annotations_and_aliases_are_left_alone() -> None:
    lines = SOURCE.splitlines()
    untouched = {number for number, line in enumerate(lines, 1) if "1 + 1" in line}
    untouched |= {number for number, line in enumerate(lines, 1) if "Pair" in line}
    assert not {change.line for change in changes(SOURCE.encode())} & untouched
    assert not [change for change in made(SOURCE) if change[1] == "|"]


def test_a_change_after_wide_letters_is_made_at_its_place() -> None:
    text = 'A = "\N{GREEK SMALL LETTER MU}\N{RIGHTWARDS ARROW}" == B + 1\n'.encode()
    (plus,) = (c for c in changes(text) if c.after == "-")
    assert plus.made_in(text).decode().endswith("== B - 1\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("A not in B", "A in B"),
        ("A is B", "A is not B"),
        ("(A) <= (B)", "(A) < (B)"),
        ("A // B", "A * B"),
        ("A if B else C", "A if (not (B)) else C"),
    ],
)
def test_an_expression_is_changed_at_its_operator(before: str, after: str) -> None:
    text = f"x = {before}\n".encode()
    assert f"x = {after}\n" in {c.made_in(text).decode() for c in changes(text)}


def test_a_lot_is_even_over_the_folders_and_the_same_for_a_seed(planted: Path) -> None:
    other = planted / PACKAGE / "run"
    other.mkdir()
    (other / "until.py").write_text(HANGS, encoding="utf-8")
    lot = drawn(planted, ("play", "run"), 1, 12)
    assert [mutant.folder for mutant in lot] == ["play", "run"] * 6
    assert lot == drawn(planted, ("play", "run"), 1, 12)
    assert lot != drawn(planted, ("play", "run"), 2, 12)
    assert len({mutant.key for mutant in lot}) == 12
    assert len({mutant.change.kind for mutant in lot if mutant.folder == "play"}) == 6


def test_what_survives_is_named_and_nothing_is_tried_twice(
    planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = planted / "results.ndjson"
    arguments = ["--folders", "play", "--jobs", "2", "--results", str(file)]
    main([*arguments, "--count", "3"], planted)
    first = file.read_text("utf-8")
    assert len(first.splitlines()) == 3
    # The last line was cut off: it is tried again, and no other is.
    file.write_text(first[:-20] + "\n", encoding="utf-8")
    main([*arguments, "--count", "8"], planted)
    results = list(read(file).values())
    assert len(file.read_text("utf-8").splitlines()) == 9
    assert len(results) == 8
    assert {result.outcome for result in results} == {"killed", "survived"}
    told = capsys.readouterr().out
    for result in results:
        named = f"{result.path}:{result.line}: {result.kind}\n  - {result.before}\n"
        assert (named in told) is (result.outcome == "survived")
    assert "8 of 8 were tried out" in told
    text = (planted / PACKAGE / "play" / "most.py").read_text("utf-8")
    assert text == dedent(SOURCE)


def test_what_fails_unchanged_is_not_mutated(planted: Path) -> None:
    (planted / TESTS / "play" / "test_red.py").write_text(
        "def test_red() -> None:\n    assert False\n", encoding="utf-8"
    )
    file = planted / "results.ndjson"
    with pytest.raises(SystemExit, match="the tests of play fail unchanged"):
        main(["--folders", "play", "--count", "1", "--results", str(file)], planted)
    assert not read(file)


def test_what_hangs_is_stopped_with_what_it_started(tmp_path: Path) -> None:
    hangs = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}])"
    command = python("-c", hangs.format("print('on', flush=True)\nwhile True: pass"))
    ran = Tree(tmp_path).run(command, 1.0)
    # Its output ends: nobody holds the other end of the pipe any more.
    assert ran.status is None
    assert ran.output in {"on\n", ""}
