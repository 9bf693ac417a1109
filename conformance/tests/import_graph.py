"""Who imports whom in the packages, read from their source."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "memslot_spec": ROOT / "spec/memslot_spec",
    "memslot_reference": ROOT / "reference/memslot_reference",
    "memslot_conformance": ROOT / "conformance/memslot_conformance",
    "memslots": ROOT / "conformance/memslots",
}


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
