"""The compiled judge and the interpreted one say the same, byte by byte.

Where `make compiled` has built none, or has built one of other sources, this is
skipped, and says so.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import judged_in_full
from every_museum_case import CASES

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "spec/memslot_spec"
BUILT = ROOT / "build/compiled/memslot_spec"


def why_not(built: Path, sources: Path) -> str | None:
    """Why what was built cannot be compared; None where it can."""
    if not any(built.rglob(f"*{sys.implementation.cache_tag}*.so")):
        return "no compiled judge for this Python: `make compiled` builds one"
    for source in sources.rglob("*.py"):
        copy = built / source.relative_to(sources)
        if not copy.exists() or copy.read_bytes() != source.read_bytes():
            return f"compiled of another {source.name}: `make compiled` builds it anew"
    return None


def said_by(spec: Path) -> list[str]:
    """What the judge of a folder says, in a process of its own."""
    of_tests = (path for path in sys.path if path and Path(path) != SOURCES.parent)
    told = subprocess.run(
        [sys.executable, judged_in_full.__file__, "--plays", "2"],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(spec), *of_tests])},
    )
    assert told.returncode == 0, told.stderr
    return told.stdout.splitlines()


def test_both_judges_say_the_same() -> None:
    missing = why_not(BUILT, SOURCES)
    if missing is not None:
        pytest.skip(missing)
    interpreted, compiled = said_by(SOURCES.parent), said_by(BUILT.parent)
    assert (interpreted[0], compiled[0]) == ("judge interpreted", "judge compiled")
    assert len(interpreted) > len(CASES)
    assert interpreted[1:] == compiled[1:]


def test_what_was_built_of_other_sources_is_not_compared(tmp_path: Path) -> None:
    sources, built = tmp_path / "sources", tmp_path / "built"
    for folder in (sources, built):
        folder.mkdir()
        (folder / "judge.py").write_text("one = 1\n", encoding="utf-8")
    assert "no compiled judge" in (why_not(built, sources) or "")
    (built / f"judge.{sys.implementation.cache_tag}.so").touch()
    assert why_not(built, sources) is None
    (sources / "judge.py").write_text("one = 2\n", encoding="utf-8")
    assert "another judge.py" in (why_not(built, sources) or "")
