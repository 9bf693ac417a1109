"""The three packages depend on each other in one direction only.

The rule binds what is shipped; tests may import downwards.  The conformance suite
in particular never imports the reference, which it loads by name like a stranger.
"""

import ast
import sys
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "memslot_spec": ROOT / "spec/memslot_spec",
    "memslot_reference": ROOT / "reference/memslot_reference",
    "memslot_conformance": ROOT / "conformance/memslot_conformance",
}

ALLOWED: Mapping[str, frozenset[str]] = {
    "memslot_spec": frozenset(),
    "memslot_reference": frozenset({"memslot_spec"}),
    "memslot_conformance": frozenset(
        {"memslot_spec", "click", "greenlet", "hypothesis", "pytest", "rich"}
    ),
}
"""What a package may import besides the standard library and itself."""

SYMBOLIC = frozenset({"scenarios.symbolic.solver", "layers.symbolic", "diff.compare"})
"""What needs the extra `symbolic`, and is loaded by name where that is there."""


def modules_of(folder: Path) -> Iterator[tuple[str, ast.Module]]:
    """Each module of a package: its dotted name and its syntax tree."""
    for path in sorted(folder.rglob("*.py")):
        parts = [folder.name, *path.relative_to(folder).with_suffix("").parts]
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        yield name, ast.parse(path.read_text(encoding="utf-8"))


def imported_by(tree: ast.AST) -> Iterator[str]:
    """Every module a tree imports by its full name; a relative one as `relative`.

    `from a import b` yields both `a` and `a.b`, since `b` may be a module.
    """
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "relative" if node.level else node.module or "relative"
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


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


def import_cycle(folder: Path) -> list[str]:
    """The modules of one import cycle inside a package, or none."""
    trees = dict(modules_of(folder))
    graph = {
        module: {name for name in imported_by(tree) if name in trees} - {module}
        for module, tree in trees.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return [str(module) for module in error.args[1]]
    return []


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


def test_the_specification_has_no_import_cycle() -> None:
    assert not import_cycle(PACKAGES["memslot_spec"])


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


def test_refuses_an_import_cycle(tmp_path: Path) -> None:
    folder = tmp_path / "memslot_spec"
    folder.mkdir()
    (folder / "a.py").write_text("from memslot_spec import b\n", encoding="utf-8")
    (folder / "b.py").write_text("import memslot_spec.a\n", encoding="utf-8")
    assert set(import_cycle(folder)) == {"memslot_spec.a", "memslot_spec.b"}
