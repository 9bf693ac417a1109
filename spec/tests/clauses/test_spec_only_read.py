"""What clauses and choices are asked about they only read.

Events are frozen, since foreign code has them. Moments are not, since making them is
dear; that nobody changes one between two clauses is held here.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import memslot_spec.clauses

PACKAGE = Path(memslot_spec.clauses.__file__).parents[1]
SOURCES = sorted(
    path
    for folder in ("choices", "clauses", "moments")
    for path in (PACKAGE / folder).rglob("*.py")
)


def changes_in(text: str) -> list[str]:
    """Where something that a name stands for is changed, and not the name itself."""
    return [
        ast.unparse(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Attribute | ast.Subscript)
        if isinstance(node.ctx, ast.Store | ast.Del)
    ]


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_what_is_asked_about_is_only_read(path: Path) -> None:
    assert changes_in(path.read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        ("moment.slot = None", ["moment.slot"]),
        ("facts.calls[1] += 1", ["facts.calls[1]"]),
        ("del facts.calls[1]", ["facts.calls[1]"]),
        ("slot = moment.slot", []),
    ],
)
def test_a_change_is_seen(text: str, changed: list[str]) -> None:
    assert changes_in(text) == changed
