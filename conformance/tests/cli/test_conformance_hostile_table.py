"""The page that says how it ends with each hostile or broken adapter is true."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from command_line import go_into, memslots
from hostile_ends import ADAPTERS, BROKEN, ENDS
from odd_ends import GREETED, LINE_3, SAID, TURNS

PAGE = Path(__file__).parents[3] / "docs/hostile.md"
LEAST = 60


def rows() -> Iterator[tuple[str, str, str]]:
    """Of each: how it goes wrong, what it is, and what is said in the end."""
    for way, (status, said) in ENDS.items():
        yield way, "program", said if status else f"nothing: {said}"
    for way, (_, said) in SAID.items():
        yield way, "answer", said
    for way, said in GREETED.items():
        yield way, "greeting", said
    for way, said in TURNS.items():
        yield way, "turn", said
    for way, said in ADAPTERS.items():
        yield way, "adapter in Python", said


def table() -> str:
    """The table of the page."""
    lines = ["| it is | in a | what is said |", "| --- | --- | --- |"]
    for way, kind, said in rows():
        shown = said.replace(LINE_3, "").replace("|", r"\|").strip()
        lines.append(f"| {way} | {kind} | `{shown}` |")
    return "\n".join(lines)


def test_the_page_has_every_row(request: pytest.FixtureRequest) -> None:
    text = PAGE.read_text("utf-8")
    head, begun, rest = text.partition("| it is | in a |")
    assert begun
    _, end, foot = rest.partition("\n\n")
    expected = f"{head}{table()}{end}{foot}" if end else f"{head}{table()}\n"
    if request.config.getoption("--write-golden"):
        PAGE.write_text(expected, "utf-8")
    else:
        assert text == expected


def test_there_are_enough_of_them() -> None:
    assert len(list(rows())) >= LEAST
    assert f"{len(list(rows()))} of them" in PAGE.read_text("utf-8")


@pytest.mark.parametrize("name", ADAPTERS)
def test_smoke_says_what_is_wrong_with_an_adapter(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_into(tmp_path, monkeypatch)
    result = memslots("smoke", f"py:odd_adapters:{name}")
    assert result.exit_code == BROKEN, result.output
    assert ADAPTERS[name] in " ".join(result.output.split())
