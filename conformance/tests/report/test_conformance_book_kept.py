"""What the book keeps from one build to the next, and when it finds it again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from interleaving_kept import find_kept
from interleaving_notation import parse
from interleaving_search import Wanted, find
from kept_results import digest, kept

from memslot_conformance.targets.resolve import resolve

TORN = """
before  set 0 gfn 0x10 pages 4 host 0x1000
T1      delete 0
T2      tss
"""


def counted(made: list[str]) -> Callable[[], str]:
    def make() -> str:
        made.append("once more")
        return f"two lines\nand {len(made)}"

    return make


def test_a_question_is_answered_once(tmp_path: Path) -> None:
    made: list[str] = []
    answers = {kept("it", (1, "a"), counted(made), folder=tmp_path) for _ in range(3)}
    assert answers == {"two lines\nand 1"}
    assert kept("it", (2, "a"), counted(made), folder=tmp_path) == "two lines\nand 2"
    assert kept("another", (1, "a"), counted(made), folder=tmp_path) != answers.pop()


@pytest.mark.parametrize("spoiled", [b"", b"\xff\xfe", b"two lines\nand 7", b"0\nx"])
def test_a_file_that_is_not_what_was_written_is_made_again(
    tmp_path: Path, spoiled: bytes
) -> None:
    made: list[str] = []
    kept("it", 1, counted(made), folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(spoiled)
    assert kept("it", 1, counted(made), folder=tmp_path) == "two lines\nand 2"
    assert kept("it", 1, counted(made), folder=tmp_path) == "two lines\nand 2"


def test_a_file_that_was_cut_is_made_again(tmp_path: Path) -> None:
    made: list[str] = []
    kept("it", 1, counted(made), folder=tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert kept("it", 1, counted(made), folder=tmp_path) == "two lines\nand 2"


def test_what_cannot_be_found_is_not_kept(tmp_path: Path) -> None:
    def make() -> str:
        raise LookupError

    with pytest.raises(LookupError):
        kept("it", 1, make, folder=tmp_path)
    assert not list(tmp_path.iterdir())


def test_what_is_shown_depends_on_more_code_than_what_is_found() -> None:
    assert digest() == digest()
    assert digest() != digest(shown=True)


@pytest.mark.parametrize("wanted", [Wanted(breaks="TSS-2"), Wanted()], ids=str)
def test_a_kept_history_is_the_one_that_was_found(
    tmp_path: Path, wanted: Wanted
) -> None:
    target, scenario = resolve("patch"), parse(TORN)
    found = find(target, scenario, 2, wanted)
    for _ in range(2):
        assert find_kept(target, scenario, 2, wanted, folder=tmp_path) == found
    assert len(list(tmp_path.iterdir())) == 1
