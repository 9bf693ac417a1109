"""Rooms within a package depend on each other in one direction only.

A room is a folder of the package, or a module beside the folders. The rule binds
what is shipped.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from import_graph import PACKAGES, import_cycle, imported_by, modules_of

SPEC: tuple[frozenset[str], ...] = tuple(
    map(
        frozenset,
        (
            ("arithmetic", "compiled", "known", "on_demand", "source"),
            ("model",),
            ("history",),
            ("facts",),
            ("moments", "occasion"),
            ("clause", "choice"),
            ("clauses", "choices", "judging"),
            ("protocol", "proofs", "judges"),
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
            ("clock", "environment", "recorded_files", "spelling"),
            ("adapter",),
            ("targets",),
            ("scenarios",),
            ("play", "strategies"),
            ("findings",),
            ("layers",),
            ("run",),
            ("museum", "diff"),
            ("report",),
            ("cli", "stateful"),
            ("__main__",),
        ),
    )
)
"""The rooms of the suite, the lowest first."""

FLOORS = {"memslot_spec": SPEC, "memslot_conformance": CONFORMANCE}

KNOWN: frozenset[tuple[str, str]] = frozenset()
"""Modules that import a room that they should not. To be mended, and then empty."""


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
    ("package", "room", "source", "imported"),
    [
        ("memslot_conformance", "run", "from {}.report import table\n", "report"),
        ("memslot_conformance", "diff", "from {}.cli.options import x\n", "cli"),
        (
            "memslot_conformance",
            "museum",
            "from {}.report.rendering import x\n",
            "report",
        ),
        ("memslot_conformance", "museum", "from {}.diff import compare\n", "diff"),
        ("memslot_conformance", "targets", "from {}.play.budget import x\n", "play"),
        ("memslot_conformance", "findings", "import {}.layers.fixed\n", "layers"),
        ("memslot_conformance", "layers", "from {} import run\n", "run"),
        ("memslot_conformance", "clock", "from {}.adapter import x\n", "adapter"),
        ("memslot_conformance", "attic", "from {}.clock import x\n", "clock"),
        ("memslot_spec", "judging", "from {}.clauses import CLAUSES\n", "clauses"),
        ("memslot_spec", "clauses", "from {}.judging.judge import judge\n", "judging"),
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
        ("memslot_spec", "judging", "from {}.clause import Clause\n"),
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


def test_refuses_an_import_cycle(tmp_path: Path) -> None:
    folder = tmp_path / "memslot_spec"
    folder.mkdir()
    (folder / "a.py").write_text("from memslot_spec import b\n", encoding="utf-8")
    (folder / "b.py").write_text("import memslot_spec.a\n", encoding="utf-8")
    assert set(import_cycle(folder)) == {"memslot_spec.a", "memslot_spec.b"}
