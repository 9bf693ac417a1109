"""The list of slow tests: what `make quick` leaves out is there, and named rightly.

A test that is not listed is run, so a list that has aged makes `make quick` slower
and hides nothing; a line that names no test is a list that has aged.
"""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
SLOW = (ROOT / "slow-tests.txt").read_text("utf-8").splitlines()


def functions_of(path: Path) -> set[str]:
    tree = ast.parse(path.read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_line_names_a_test_that_there_is() -> None:
    named = [line.split(maxsplit=1)[1] for line in SLOW if not line.startswith("#")]
    assert named == sorted(set(named))
    gone: list[str] = []
    for test in named:
        path, _, function = test.partition("[")[0].partition("::")
        if not (ROOT / path).exists() or function not in functions_of(ROOT / path):
            gone.append(test)
    assert not gone, "make slow-list"
