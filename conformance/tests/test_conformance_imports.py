"""Packages, and the rooms within them, depend on each other in one direction only.

A room is a folder of a package, or a module beside the folders. The rule binds what
is shipped; tests may import downwards. The conformance suite in particular never
imports the reference, which it loads by name like a stranger.
"""

import ast
import sys
from collections.abc import Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "memslot_spec": ROOT / "spec/memslot_spec",
    "memslot_reference": ROOT / "reference/memslot_reference",
    "memslot_conformance": ROOT / "conformance/memslot_conformance",
    "memslots": ROOT / "conformance/memslots",
}

ALLOWED: Mapping[str, frozenset[str]] = {
    "memslot_spec": frozenset(),
    "memslot_reference": frozenset({"memslot_spec"}),
    "memslot_conformance": frozenset(
        {"memslot_spec", "click", "greenlet", "hypothesis", "pytest", "rich"}
    ),
    "memslots": frozenset({"memslot_conformance"}),
}
"""What a package may import besides the standard library and itself."""

SPEC: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            ("arithmetic",),
            ("model",),
            ("history",),
            ("facts",),
            ("moments",),
            ("clause", "choice"),
            ("clauses", "choices", "judge"),
            ("protocol", "proofs"),
        ),
    )
)
"""The rooms of the specification, the lowest first: one may import those below it.

The judge stands beside the clauses, so it knows none of them.
"""

CONFORMANCE: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            ("clock", "spelling"),
            ("adapter",),
            ("targets",),
            ("scenarios",),
            ("play",),
            ("findings",),
            ("layers",),
            ("run",),
            ("museum", "diff"),
            ("report",),
            ("cli",),
            ("__main__",),
        ),
    )
)
"""The rooms of the suite, the lowest first."""

FLOORS = {"memslot_spec": SPEC, "memslot_conformance": CONFORMANCE}

KNOWN: frozenset[tuple[str, str]] = frozenset(
    {
        ("memslot_conformance.findings.collect", "report"),
        ("memslot_conformance.run.checking", "report"),
        ("memslot_conformance.run.rejudge", "report"),
    }
)
"""Modules that import a room that they should not. To be mended, and then empty."""

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


def room_of(module: str) -> str:
    """The room that a module is in; empty for the package itself."""
    return module.partition(".")[2].partition(".")[0]


def may_import(room: str, floors: Sequence[frozenset[str]]) -> frozenset[str]:
    """The rooms that a room may import: itself, and those below it."""
    below: frozenset[str] = frozenset()
    for floor in floors:
        if room in floor:
            return below | {room}
        below |= floor
    # What a package shows of itself it may take from everywhere.
    return below if not room else frozenset()


def wrong_ways(
    folder: Path, floors: Sequence[frozenset[str]]
) -> frozenset[tuple[str, str]]:
    """The modules that import a room they may not, each with that room."""
    found: set[tuple[str, str]] = set()
    for module, tree in modules_of(folder):
        allowed = may_import(room_of(module), floors)
        rooms = {
            room_of(name)
            for name in imported_by(tree)
            if name.startswith(f"{folder.name}.")
        }
        found |= {(module, room) for room in rooms if room not in allowed}
    return frozenset(found)


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


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_has_no_import_cycle(package: str) -> None:
    assert not import_cycle(PACKAGES[package])


@pytest.mark.parametrize("package", FLOORS)
def test_a_room_imports_only_what_is_below_it(package: str) -> None:
    wrong = wrong_ways(PACKAGES[package], FLOORS[package])
    known = {known for known in KNOWN if known[0].startswith(package)}
    assert wrong == known, "what is known and mended is struck off the list"


@pytest.mark.parametrize("package", FLOORS)
def test_every_room_has_its_place(package: str) -> None:
    rooms = {room_of(module) for module, _ in modules_of(PACKAGES[package])} - {""}
    assert rooms == frozenset[str]().union(*FLOORS[package])


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


@pytest.mark.parametrize(
    ("package", "room", "source", "imported"),
    [
        ("memslot_conformance", "run", "from {}.report import table\n", "report"),
        ("memslot_conformance", "diff", "from {}.cli.options import x\n", "cli"),
        (
            "memslot_conformance",
            "museum",
            "from {}.report.columns import x\n",
            "report",
        ),
        ("memslot_conformance", "museum", "from {}.diff import compare\n", "diff"),
        ("memslot_conformance", "targets", "from {}.play.budget import x\n", "play"),
        ("memslot_conformance", "findings", "import {}.layers.fixed\n", "layers"),
        ("memslot_conformance", "layers", "from {} import run\n", "run"),
        ("memslot_conformance", "clock", "from {}.adapter import x\n", "adapter"),
        ("memslot_conformance", "attic", "from {}.clock import x\n", "clock"),
        ("memslot_spec", "judge", "from {}.clauses import CLAUSES\n", "clauses"),
        ("memslot_spec", "clauses", "from {}.judge.judge import judge\n", "judge"),
        ("memslot_spec", "facts", "from {}.moments import making\n", "moments"),
        ("memslot_spec", "clause", "from {} import choice\n", "choice"),
    ],
)
def test_refuses_the_wrong_way(
    tmp_path: Path, package: str, room: str, source: str, imported: str
) -> None:
    (tmp_path / package / room).mkdir(parents=True)
    planted = tmp_path / package / room / "b.py"
    planted.write_text(source.format(package), encoding="utf-8")
    found = wrong_ways(tmp_path / package, FLOORS[package])
    assert found == {(f"{package}.{room}.b", imported)}


@pytest.mark.parametrize(
    ("package", "room", "source"),
    [
        ("memslot_conformance", "cli", "from {}.report import table\n"),
        ("memslot_conformance", "report", "from {}.museum.run import Mutant\n"),
        ("memslot_conformance", "play", "from {}.play.budget import Budget\n"),
        ("memslot_spec", "judge", "from {}.clause import Clause\n"),
        ("memslot_spec", "protocol", "from {}.clauses import CLAUSES\n"),
    ],
)
def test_the_way_down_is_free(
    tmp_path: Path, package: str, room: str, source: str
) -> None:
    (tmp_path / package / room).mkdir(parents=True)
    planted = tmp_path / package / room / "b.py"
    planted.write_text(source.format(package), encoding="utf-8")
    assert not wrong_ways(tmp_path / package, FLOORS[package])


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
