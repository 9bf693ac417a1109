"""What `import memslot_spec` gives: few names, and nobody inside depends on them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import memslot_spec
from memslot_spec import (
    CLAUSES,
    Done,
    Errno,
    Header,
    History,
    Limits,
    MemoryRegion,
    Refused,
    clause_by_id,
    judge,
)
from memslot_spec.history.events import Call, Return
from memslot_spec.history.header import Capabilities
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.replies import Reply

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path
    for folder in ("spec/memslot_spec", "reference", "conformance")
    for path in (ROOT / folder).rglob("*.py")
)


ADAPTERS = ["memslots_adapter.py", "planted_managers.py", "planted_threads.py"]


def history_of(region: MemoryRegion, reply: Reply) -> History:
    header = Header(
        target="an example",
        profile="linux",
        limits=Limits(user_slots=4),
        capabilities=Capabilities(operations=("SetRegion",)),
    )
    return History(header, (Call(0, SetRegion(region)), Return(0, reply)))


MISALIGNED = MemoryRegion(0, 0x800, 0x1000, 0x7000)


def test_a_refusal_of_what_is_misaligned_is_allowed() -> None:
    assert judge(history_of(MISALIGNED, Refused(Errno.EINVAL)), CLAUSES).findings == ()


def test_a_judgement_names_the_clause_that_was_broken() -> None:
    findings = judge(history_of(MISALIGNED, Done()), CLAUSES).findings
    assert findings
    assert all(clause_by_id(found.clause) in CLAUSES for found in findings)


@pytest.mark.parametrize("name", memslot_spec.__all__)
def test_every_name_that_is_promised_is_there(name: str) -> None:
    assert getattr(memslot_spec, name) is not None


def imports_the_face(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(
        isinstance(node, ast.ImportFrom) and node.module == "memslot_spec"
        for node in ast.walk(tree)
    )


def test_no_module_imports_from_the_face() -> None:
    importing = sorted(path.name for path in SOURCES if imports_the_face(path))
    assert importing == ADAPTERS, "what a user would write may"
