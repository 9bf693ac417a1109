"""Reports are set by rich, at one place: columns, folded texts, and colour."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import RenderableType

import memslot_conformance
import report_samples as samples
from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import draw
from memslot_conformance.report.rendering import (
    columns,
    entries,
    labelled,
    line,
    rendered,
    shown,
)
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report

PACKAGE = Path(memslot_conformance.__file__).parent
BY_HAND = re.compile(
    r"\.(ljust|rjust|center|expandtabs|get_terminal_size)$|^click\.(style|secho)$"
)
PADS = re.compile(r"[<>^]|[1-9]\d*$")
COLOUR = re.compile(r"\x1b\[[0-9;]*m")
MARKUP = "[bold]x[/bold] :smile: [red] [/] https://x 0x10 'a'"

PARTS: tuple[RenderableType, ...] = (
    columns([("a", "bb"), ("ccc", "")], indent=2),
    entries([("label", "some words that are folded when it is narrow")], 20),
    labelled("again", "memslots replay x", "red"),
    line("x" * 50),
)


def by_hand(tree: ast.AST) -> list[str]:
    """What a module does by itself that the rendering does for all."""
    found: list[str] = []
    for node in ast.walk(tree):
        match node:
            case ast.FormattedValue(format_spec=ast.JoinedStr(values=values)):
                is_padding = any(
                    not isinstance(value, ast.Constant) or PADS.search(str(value.value))
                    for value in values
                )
                found += [f"pads: {ast.unparse(node)}"] if is_padding else []
            case ast.Constant(value=str(text)) if "\x1b" in text:
                found.append(f"escapes: {text!r}")
            case ast.Attribute() if BY_HAND.search(ast.unparse(node)):
                found.append(f"sets: {ast.unparse(node)}")
            case ast.Import(names=names) if any(n.name == "textwrap" for n in names):
                found.append("wraps")
            case ast.ImportFrom(module="textwrap"):
                found.append("wraps")
            case _:
                pass
    return found


def test_nothing_is_set_by_hand() -> None:
    found = {
        f"{path.relative_to(PACKAGE)}: {what}"
        for folder in ("report", "cli")
        for path in (PACKAGE / folder).glob("*.py")
        for what in by_hand(ast.parse(path.read_text("utf-8")))
    }
    # The width is asked for at one place, and handed on.
    assert found == {"report/console.py: sets: os.get_terminal_size"}


@pytest.mark.parametrize(
    "source",
    [
        "f'{a:10}'",
        "f'{a:{w}}'",
        "f'{a:>{w},}'",
        "f'{a:>8}'",
        "'a'.ljust(3)",
        "click.style('a')",
        "'\\x1b[1m'",
        "from textwrap import wrap",
        "import textwrap",
    ],
)
def test_what_is_set_by_hand_is_found(source: str) -> None:
    assert by_hand(ast.parse(source))
    assert not by_hand(ast.parse("f'{a:,} {a:.2f} {a!r}'"))


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    rows = [("a", "bbb", "c"), ("aa", "b", ""), ("", "two\nlines", "d")]
    assert rendered([columns(rows, indent=4)]) == [
        "    a   bbb    c",
        "    aa  b",
        "        two    d",
        "        lines",
    ]
    assert rendered([columns([("a", "1")], least=(3, 4), right=[1])]) == ["a       1"]
    assert rendered([columns([("a", "1")], indent=2, least=(3,), right=[0])]) == [
        "    a  1"
    ]


def test_rows_of_unequal_length_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        columns([("a", "b"), ("a",)])
    with pytest.raises(ValueError, match="shorter"):
        entries([("a", "b", "text"), ("a", "text")], 40)


def test_a_row_is_never_cut_however_long() -> None:
    row = columns([("x" * 300, "y" * 300)], indent=2)
    assert rendered([row]) == [f"  {'x' * 300}  {'y' * 300}"]
    assert rendered([line("z" * 300 + " z")]) == ["z" * 300 + " z"]


def test_a_text_goes_on_below_itself() -> None:
    rows = [("a", "words " * 7 + "end"), ("bb", "w" * 40), ("", "two\nlines")]
    assert rendered([entries(rows, 36)]) == [
        "  a   words words words words words",
        "      words words end",
        f"  bb  {'w' * 30}",
        f"      {'w' * 10}",
        "      two lines",
    ]
    assert rendered([entries([("a", "w" * 40)], 10)]) == [
        f"  a  {'w' * 30}",
        f"     {'w' * 10}",
    ]


def test_a_wide_character_takes_two_columns() -> None:
    assert rendered([columns([("内存", "a"), ("abcd", "b")])]) == [
        "内存  a",
        "abcd  b",
    ]
    folded = rendered([entries([("内", "存" * 20)], 36)])
    assert [*map(cell_len, folded)] == [36, 16]
    head, first, *_ = draw(samples.EVENTS, 0, names={0: "内存"}).splitlines()
    plain, *_ = draw(samples.EVENTS, 0).splitlines()
    assert cell_len(head.partition("T1")[0]) == plain.index("T1")
    assert first.startswith(">>    1  set slot 0")


def test_a_label_is_as_wide_as_all_labels() -> None:
    assert rendered([labelled("host", "x"), labelled("exit 1", "y")]) == [
        "host     x",
        "exit 1   y",
    ]


def test_what_looks_like_markup_is_text() -> None:
    for part in (MARKUP, shown(MARKUP), line(MARKUP), columns([(MARKUP,)])):
        for color in (False, True):
            assert rendered([part], color=color) == [MARKUP]


def test_what_would_steer_a_terminal_is_shown() -> None:
    said = rendered([line("a\x1b[2Jb\tc"), columns([("a\x1b[2J",)])], color=True)
    assert said == ["a\\x1b[2Jb    c", "a\\x1b[2J"]


def test_colour_only_where_it_is_asked_for() -> None:
    assert rendered([line("a", "red")]) == ["a"]
    assert rendered([line("a", "red")], color=True) == ["\x1b[31ma\x1b[0m"]
    plain, colored = (rendered(PARTS, color=color) for color in (False, True))
    assert [COLOUR.sub("", each) for each in colored] == plain
    assert colored != plain


@pytest.mark.parametrize("color", [False, True])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("NO_COLOR", "1"),
        ("FORCE_COLOR", "1"),
        ("TERM", "dumb"),
        ("TERM", "xterm-256color"),
        ("COLORTERM", "truecolor"),
        ("COLUMNS", "10"),
        ("LINES", "1"),
        ("TTY_COMPATIBLE", "1"),
        ("JUPYTER_COLUMNS", "10"),
    ],
)
def test_the_surroundings_have_no_say(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, *, color: bool
) -> None:
    before = rendered(PARTS, color=color)
    monkeypatch.setenv(name, value)
    assert rendered(PARTS, color=color) == before


def words(text: str) -> str:
    """The letters of a text in their order, whatever it is set like."""
    return "".join(COLOUR.sub("", text).split())


@pytest.mark.parametrize("width", [1, 20, 40, 60])
def test_a_narrow_report_says_all_of_it(width: int) -> None:
    narrow, _ = report(samples.EVERYTHING, samples.CLAUSES, Look(width=width))
    wide, _ = report(samples.EVERYTHING, samples.CLAUSES, Look(width=160))
    after = "\nwhat was run\n"
    again = "again    memslots check one two py:x:y four kvm --level quick --seed 7"
    assert again in narrow.splitlines()
    assert "exit 1   does not conform: two breaks 3 clauses" in narrow.splitlines()
    assert sorted(words(narrow.partition(after)[2])) == sorted(
        words(wide.partition(after)[2])
    )


@pytest.mark.parametrize("width", [1, 20, 40, 60])
@pytest.mark.parametrize("color", [False, True])
def test_a_narrow_failure_says_all_of_it(width: int, *, color: bool) -> None:
    found = replace(
        samples.FOUND, observed=f"{MARKUP} {'y' * 200}", file=f"a b/{'x' * 300}"
    )
    narrow = render_failure(found, width=width, color=color)
    wide = render_failure(found, width=160)
    assert sorted(words(narrow)) == sorted(words(wide))
    again = f"  again         memslots replay 'a b/{'x' * 300}'"
    assert again in narrow.splitlines()
