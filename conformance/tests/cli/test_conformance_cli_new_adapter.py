"""`memslots new-adapter c` writes what builds, and passes `smoke` at once."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from c_libraries import FLAGS, needs_c
from command_line import memslots
from memslot_conformance.targets.c.header import HEADER


def test_a_new_adapter_is_there_with_its_header(tmp_path: Path) -> None:
    result = memslots("new-adapter", "c", str(tmp_path / "mine"))
    assert result.exit_code == 0
    assert "cc -std=c11" in result.output
    header, table = sorted((tmp_path / "mine").iterdir())
    assert header.read_bytes() == HEADER.read_bytes()
    lines = table.read_text(encoding="utf-8").splitlines()
    assert len(lines) < 100
    assert any("To fill in" in line for line in lines)


def test_no_file_is_written_over(tmp_path: Path) -> None:
    (tmp_path / "table.c").write_text("mine", encoding="utf-8")
    result = memslots("new-adapter", "c", str(tmp_path))
    assert result.exit_code == 2
    assert "is there already" in result.output
    assert [path.name for path in tmp_path.iterdir()] == ["table.c"]


@needs_c
def test_a_new_adapter_passes_smoke(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    memslots("new-adapter", "c", ".")
    command = ["gcc", "-std=c11", *FLAGS, "-shared", "-fPIC", "-o", "libtable.so"]
    subprocess.run([*command, "table.c"], check=True)
    result = memslots("smoke", "c:./libtable.so")
    assert result.exit_code == 0, result.output
