"""The tables in C of `conformance/elsewhere` are built by a script, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

import elsewhere_tables
from c_libraries import needs_c
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.header import Interleaving


def built_by_script(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["elsewhere_tables.py", *arguments])
    elsewhere_tables.main()


@needs_c
def test_the_script_prints_the_targets_that_it_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lacking = elsewhere_tables.missing(elsewhere_tables.TABLES["liburcu"])
    if lacking is not None:
        pytest.skip(lacking)
    built_by_script(
        monkeypatch, "liburcu", "--planted", "IN_PLACE", "--into", str(tmp_path)
    )
    stepped, raced = map(resolve, capsys.readouterr().out.split())
    assert stepped.header.capabilities.interleaving is Interleaving.POINTS
    assert raced.header.capabilities.interleaving is Interleaving.THREADS


def test_what_is_missing_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match=r"^srcu is not built: gcc is missing$"):
        built_by_script(monkeypatch, "srcu")


@needs_c
def test_a_header_that_is_missing_is_told_with_its_package() -> None:
    table = elsewhere_tables.Table("mine", (), needs=(("no_such.h", "libmine-dev"),))
    told = "mine is not built: no_such.h is missing (libmine-dev)"
    assert elsewhere_tables.missing(table) == told


def test_refuses_a_bug_that_is_not_planted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        built_by_script(monkeypatch, "srcu", "--planted", "IN_PLACE")
    told = "nothing called IN_PLACE is planted, only ONE_WAIT"
    assert told in capsys.readouterr().err
