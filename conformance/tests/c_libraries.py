"""Libraries in C for tests, built where gcc and cffi are."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pytest

import elsewhere_tables
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import Found, Record
from memslot_conformance.layers.layers import run_target
from memslot_conformance.targets.c.header import HEADER
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_spec.clauses import CLAUSES

EXAMPLE = Path(__file__).parents[2] / "docs/examples/c/table.c"
SKELETON = HEADER.parent / "skeleton/table.c"

FLAGS = ("-Wall", "-Wextra", "-Werror", "-pedantic", "-g")

needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is missing")
needs_c = pytest.mark.skipif(
    shutil.which("gcc") is None or find_spec("cffi") is None,
    reason="gcc or cffi is missing, so no library in C is built or called",
)


def built(source: str, folder: Path, *defined: str, warnings: bool = True) -> str:
    """The name of the target that a source in C becomes; a warning is an error."""
    (folder / "under_test.c").write_text(source, encoding="utf-8")
    library = folder / f"lib{'_'.join(defined) or 'table'}.so"
    flags = FLAGS if warnings else ("-w", "-g")
    command = ["gcc", "-std=gnu11", *flags, "-shared", "-fPIC", f"-I{HEADER.parent}"]
    command += [*(f"-D{name}" for name in defined), "-o", str(library)]
    subprocess.run([*command, str(folder / "under_test.c")], check=True)
    return f"c:{library}"


def example(folder: Path, *defined: str) -> str:
    """The example of the documentation, with these bugs."""
    return built(EXAMPLE.read_text(encoding="utf-8"), folder, *defined)


def changed(folder: Path, before: str, after: str) -> str:
    """The skeleton with one thing in it changed."""
    source = SKELETON.read_text(encoding="utf-8")
    assert before in source
    return built(source.replace(before, after), folder)


def elsewhere(
    name: str, folder: Path, planted: str = "", *flags: str, threads: bool = False
) -> str:
    """A table of `conformance/elsewhere` with this bug; skips where it is not built."""
    table = elsewhere_tables.TABLES[name]
    lacking = elsewhere_tables.missing(table)
    if lacking is not None:
        pytest.skip(lacking)
    library = elsewhere_tables.built(table, folder, planted, *flags)
    symbol = table.exports[-1 if threads else 0]
    return f"c:{library}:{symbol}"


def broken(target: str, *, first: bool = False) -> set[str]:
    """The clauses that the fixed races find broken, or the first of them."""
    plan = TargetPlan(
        target=target,
        profile=None,
        level="quick",
        seed=1,
        layers=("fixed",),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=1.0,
        stop_at_first=first,
    )
    records: list[Record] = []
    with closing(CrashRecord()) as crash:
        run_target(plan, records.append, crash, clock=lambda: 0.0)
    return {record.clause for record in records if isinstance(record, Found)}
