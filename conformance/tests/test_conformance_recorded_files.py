"""What is read of a file from anywhere: bounded lines of text, more than once."""

from __future__ import annotations

import os
import tracemalloc
from pathlib import Path

import pytest

from memslot_conformance.recorded_files import LONGEST, recorded_lines
from memslot_spec.history.json_kinds import FileError

LINES = ["one\n", "\n", "\u00e9\u2028\n", "end"]


def test_a_file_gives_its_lines_as_often_as_it_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("".join(LINES), encoding="utf-8")
    with recorded_lines(path) as lines:
        assert lines.first == "one\n"
        assert list(lines) == LINES
        assert list(lines) == LINES


def test_a_pipe_gives_its_lines_as_often_as_it_is_asked() -> None:
    out, into = os.pipe()
    os.write(into, "".join(LINES).encode())
    os.close(into)
    with recorded_lines(Path(f"/proc/self/fd/{out}")) as lines:
        assert lines.first == "one\n"
        assert list(lines) == LINES
        assert list(lines) == LINES
    os.close(out)


def test_an_empty_file_has_an_empty_first_line(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.touch()
    with recorded_lines(path) as lines:
        assert lines.first == ""
        assert list(lines) == []


def test_a_line_is_as_long_as_it_may_be_and_no_longer(tmp_path: Path) -> None:
    path = tmp_path / "f"
    path.write_text("1234567\n12345678\n12345678", encoding="utf-8")
    with recorded_lines(path, longest=8) as lines:
        assert lines.first == "1234567\n"
        with pytest.raises(FileError, match=r"f:2: expected a line of at most 8 bytes"):
            list(lines)
    with recorded_lines(path, longest=9) as lines:
        assert len(list(lines)) == 3


def test_a_line_without_an_end_takes_no_more_memory_than_a_line_may() -> None:
    tracemalloc.start()
    try:
        with recorded_lines(Path("/dev/zero")) as lines, pytest.raises(FileError):
            list(lines)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 4 * LONGEST


@pytest.mark.parametrize(
    ("data", "read"),
    [
        (b"a\n\xc3", ["a\n", "\ufffd"]),
        (b'a\n{"b": "\xe2\x80', ["a\n", '{"b": "\ufffd']),
        (b"a\n{}\xff}", ["a\n", "{}\ufffd"]),
    ],
)
def test_a_last_line_that_was_cut_is_read_as_far_as_it_is_text(
    tmp_path: Path, data: bytes, read: list[str]
) -> None:
    path = tmp_path / "f"
    path.write_bytes(data)
    with recorded_lines(path) as lines:
        assert list(lines) == read


@pytest.mark.parametrize(
    "data", [b"a\n\xff\n", b"a\n\xc3\nb", "\u00e9".encode("utf-16")]
)
def test_what_is_no_text_is_refused_by_its_place(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "f"
    path.write_bytes(data + b"\n")
    with (
        recorded_lines(path) as lines,
        pytest.raises(FileError, match=r"f:[12]: expected text in UTF-8, got "),
    ):
        list(lines)
