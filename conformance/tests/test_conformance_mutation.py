"""Mutation by lot, tried on a small package that is planted for it."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from textwrap import dedent

import pytest

from by_lot import (
    EQUAL,
    PACKAGE,
    TESTS,
    Result,
    drawn,
    equals,
    main,
    nearest_tests,
    read,
)
from silent import CHANGES, Silent
from source_changes import KINDS, changes, says_something_else
from tree_copies import ROOT, Tree, python

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


def test_a_survivor_that_is_named_as_equal_is_counted_and_not_listed(
    planted: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = planted / "results.ndjson"
    results = [
        Result(
            key=mutant.key,
            folder="play",
            path=mutant.path,
            line=mutant.change.line,
            kind=mutant.change.kind,
            before=mutant.change.before(mutant.source),
            after=mutant.change.after,
            outcome="killed" if number > 3 else "survived",
            seconds=1.0,
        )
        for number, mutant in enumerate(drawn(planted, ("play",), 1, 8), 1)
    ]
    lines = (json.dumps(asdict(result)) + "\n" for result in results)
    file.write_text("".join(lines), encoding="utf-8")
    arguments = ("--folders", "play", "--count", "8", "--results", str(file))
    main([*arguments, "--survivors"], planted)
    before = capsys.readouterr().out
    assert "play: 5 killed, 3 survived; 8 s" in before
    # A change is named wherever it stands, and one that was killed stays killed.
    equal = [results[0], results[7]]
    (planted / EQUAL).parent.mkdir()
    named = (f"{r.path} | {r.kind} | {r.before} -> {r.after} | why\n" for r in equal)
    (planted / EQUAL).write_text("# Why.\n\n" + "".join(named), encoding="utf-8")
    main([*arguments, "--survivors"], planted)
    after = capsys.readouterr().out
    assert "play: 1 equal, 5 killed, 2 survived; 8 s" in after
    first = f"{equal[0].path}:{equal[0].line}: {equal[0].kind}\n"
    assert before.count(first) == after.count(first) + 1


def test_what_is_named_as_equal_can_be_made_and_has_its_reason() -> None:
    named = equals(ROOT)
    assert named == sorted(named, key=lambda one: one.path)
    for one in named:
        source = (ROOT / one.path).read_bytes()
        made = ((c.kind, c.before(source), c.after) for c in changes(source))
        assert any(one.is_of(one.path, *change) for change in made), one
        assert len(one.reason.split()) > 2


def test_an_equal_change_is_known_however_its_text_is_broken(tmp_path: Path) -> None:
    assert equals(tmp_path) == []
    (tmp_path / EQUAL).parent.mkdir(parents=True)
    (tmp_path / EQUAL).write_text(
        "a.py | argument | , key=a | b ->  | it is so\n", encoding="utf-8"
    )
    (one,) = equals(tmp_path)
    assert one.is_of("a.py", "argument", ",\n    key=a | b", "")
    assert not one.is_of("b.py", "argument", ", key=a | b", "")
    assert not one.is_of("a.py", "statement", ", key=a | b", "")
    assert not one.is_of("a.py", "argument", ", key=a | c", "")
    assert one.reason == "it is so"


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


def test_the_tests_that_speak_of_a_module_come_before_those_that_pin(
    tmp_path: Path,
) -> None:
    lot = drawn(ROOT, ["play"], 1, 120)
    mutant = next(one for one in lot if one.path.endswith("play/shrink.py"))
    folder = tmp_path / TESTS / "play"
    folder.mkdir(parents=True)
    for name, text in (
        ("test_a_pinned.py", ""),
        ("test_b.py", "from memslot_conformance.play.shrink import shrunk"),
        ("test_c.py", "from memslot_conformance.play import explore, shrink"),
        ("test_d.py", "from memslot_conformance.play.shrinking import x"),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    near = [Path(file).name for file in nearest_tests(tmp_path, mutant)]
    assert near == ["test_b.py", "test_c.py", "test_a_pinned.py"]


@pytest.mark.parametrize("change", CHANGES, ids=lambda c: c.what)
def test_a_change_that_no_verdict_shows_can_still_be_made(change: Silent) -> None:
    path, content = change.made_in(ROOT)
    assert content != (ROOT / path).read_bytes()
