"""The packages depend on each other in one direction only.

The rule binds what is shipped; tests may import downwards. The conformance suite in
particular never imports the reference, which it loads by name like a stranger.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from import_graph import PACKAGES, imported_by, modules_of

ALLOWED: Mapping[str, frozenset[str]] = {
    "memslot_spec": frozenset(),
    "memslot_reference": frozenset({"memslot_spec"}),
    "memslot_conformance": frozenset(
        {"memslot_spec", "click", "greenlet", "hypothesis", "pytest", "rich"}
    ),
    "memslots": frozenset({"memslot_conformance"}),
}
"""What a package may import besides the standard library and itself."""

SYMBOLIC = frozenset({"scenarios.symbolic.solver", "layers.symbolic", "diff.compare"})
"""What needs the extra `symbolic`, and is loaded by name where that is there."""


def forbidden_imports(folder: Path, allowed: frozenset[str]) -> list[str]:
    """The imports of a package that the rule does not allow, a line each."""
    admitted = sys.stdlib_module_names | allowed | {folder.name}
    return [
        f"{folder.name} may not import: {module}: {name}"
        for module, tree in modules_of(folder)
        for name in sorted({name.partition(".")[0] for name in imported_by(tree)})
        if name not in admitted
    ]


def hidden_imports(folder: Path) -> list[str]:
    """The functions of a package that import something when they are called."""
    return [
        f"{module}: {node.name}"
        for module, tree in modules_of(folder)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if any(imported_by(node))
    ]


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_what_it_may(package: str) -> None:
    assert any(modules_of(PACKAGES[package]))
    assert not forbidden_imports(PACKAGES[package], ALLOWED[package])


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_imports_only_at_the_top(package: str) -> None:
    assert not hidden_imports(PACKAGES[package])


def test_the_suite_runs_without_the_solver() -> None:
    symbolic = {f"memslot_conformance.{name}" for name in SYMBOLIC}
    importing = {
        module
        for module, tree in modules_of(PACKAGES["memslot_conformance"])
        if symbolic.intersection(imported_by(tree))
    }
    assert importing == symbolic - {"memslot_conformance.scenarios.symbolic.solver"}


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("import memslot_reference.adapter\n", "memslot_reference"),
        ("from memslot_reference import adapter\n", "memslot_reference"),
        ("if True:\n    import numpy as np\n", "numpy"),
        ("from . import values\n", "relative"),
    ],
)
def test_refuses_a_planted_import(tmp_path: Path, source: str, name: str) -> None:
    folder = tmp_path / "memslot_conformance"
    folder.mkdir()
    (folder / "b.py").write_text(source, encoding="utf-8")
    assert forbidden_imports(folder, ALLOWED["memslot_conformance"]) == [
        f"memslot_conformance may not import: memslot_conformance.b: {name}"
    ]


def test_refuses_an_import_inside_a_function(tmp_path: Path) -> None:
    folder = tmp_path / "memslot_spec"
    folder.mkdir()
    (folder / "b.py").write_text("def late():\n    import ast\n", encoding="utf-8")
    assert hidden_imports(folder) == ["memslot_spec.b: late"]
