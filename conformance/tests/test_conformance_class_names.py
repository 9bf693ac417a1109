"""One word, one thing: no class and no alias of a type shares its name with another."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCTION = sorted(ROOT.glob("*/memslot*/**/*.py"))

SHARED = {
    "Mutant": "what the suite sees of the reference's class, which it may not import",
    "ShadowPage": "what introspection shows, and what the reference keeps",
    "Spte": "what the judge knows, what the reference keeps, and what a proof counts",
    "Variant": "what the suite sees of the reference's class, which it may not import",
}
"""Names of two things that are one thing seen from two sides, and from which."""


def defined_in(tree: ast.Module) -> Iterator[str]:
    """The public classes of a module, and its aliases of types."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            name = node.name
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            name = node.targets[0].id
            if _is_type_variable(node.value):
                continue
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            name = node.target.id
        else:
            continue
        if name[0].isupper() and not name.isupper():
            yield name


def _is_type_variable(value: ast.expr) -> bool:
    made = value.func if isinstance(value, ast.Call) else None
    return isinstance(made, ast.Name) and made.id in {"TypeVar", "ParamSpec"}


def shared(modules: dict[str, ast.Module]) -> dict[str, list[str]]:
    """The names that are defined in more than one module, and where."""
    places: dict[str, list[str]] = defaultdict(list)
    for module, tree in modules.items():
        for name in dict.fromkeys(defined_in(tree)):
            places[name].append(module)
    return {name: of for name, of in places.items() if len(of) > 1}


def test_no_name_stands_for_two_things() -> None:
    modules = {
        path.relative_to(ROOT).as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for path in PRODUCTION
    }
    found = shared(modules)
    new = {name: of for name, of in found.items() if name not in SHARED}
    assert not new
    assert set(SHARED) == set(found), "what is mended is struck off the list"


@pytest.mark.parametrize(
    "line", ["class Host: ...", "Host = tuple[int, int]", "Host: object = int"]
)
def test_a_second_definition_is_seen(line: str) -> None:
    first = ast.parse("class Host:\n    pass\n")
    found = shared({"a": first, "b": ast.parse(line)})
    assert found == {"Host": ["a", "b"]}


@pytest.mark.parametrize(
    "line", ["T = TypeVar('T')", "P = ParamSpec('P')", "HOST = 1", "_Host = int"]
)
def test_what_nobody_else_reads_is_let_be(line: str) -> None:
    tree = ast.parse(line)
    assert not shared({"a": tree, "b": tree})
