"""Evidence on the command line: of a clause, in the list, in a report shown again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from evidence_records import PROVED, RUN
from memslot_conformance.cli.command import main
from memslot_conformance.report.evidence import HOW_TO_GET
from memslot_conformance.run.stream import StreamWriter, read_stream


def memslots(*words: str) -> Result:
    return CliRunner().invoke(main, words, prog_name="memslots")


@pytest.fixture
def report_folder(tmp_path: Path) -> Path:
    """The folder of a run, as `memslots check` leaves it."""
    lines = tmp_path / "report.ndjson"
    with StreamWriter(lines) as stream:
        for record in RUN:
            stream.write(record)
    assert read_stream(lines).records == RUN
    return tmp_path


def test_a_clause_is_explained_with_the_evidence_of_a_run(report_folder: Path) -> None:
    for report_path in (report_folder, report_folder / "report.ndjson"):
        shown = memslots("clauses", PROVED, "--from", str(report_path))
        assert shown.exit_code == 0
        text = " ".join(shown.output.split())
        assert "evidence CrossHair: ranges.wraps: 2 conditions" in text
        assert "bounded, one: every schedule of 2 threads, 2 operations" in text
        assert "sampled, one: premise in 26 of 30 histories, 300 steps in all" in text
        assert HOW_TO_GET not in text


def test_without_a_run_the_proofs_stand_with_how_to_get_the_rest() -> None:
    text = " ".join(memslots("clauses", PROVED).output.split())
    assert "evidence CrossHair: ranges.wraps" in text
    assert HOW_TO_GET in text


def test_the_list_is_marked_where_evidence_is_asked_for(report_folder: Path) -> None:
    marked = memslots("clauses", "--from", str(report_folder)).output
    assert f"{PROVED}     CBS-  " in " ".join(marked.split(" "))
    static = memslots("clauses", "--evidence").output
    assert HOW_TO_GET in static
    assert "CBS-" not in static
    assert HOW_TO_GET not in marked
    assert "CrossHair" not in memslots("clauses").output


def test_a_report_is_shown_again_clause_by_clause(report_folder: Path) -> None:
    stream = str(report_folder / "report.ndjson")
    assert "CBS-" not in memslots("judge", stream).output
    assert f"    {PROVED}  " in memslots("judge", stream, "-v").output


def test_evidence_is_given_as_data(report_folder: Path) -> None:
    output = memslots("clauses", PROVED, "--json", "--from", str(report_folder)).output
    data = json.loads(output)
    assert [c["function"] for c in data["confirmed"]] == ["ranges.wraps"]
    (evidence,) = data["evidence"]
    assert evidence["target"] == "one"
    assert [b["preemptions"] for b in evidence["bounds"]] == [3, 0]


def test_refuses_what_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "no.txt").write_text("hello\n", encoding="utf-8")
    for path in ("no.txt", "", "absent"):
        shown = memslots("clauses", "--from", str(tmp_path / path))
        assert shown.exit_code == 2
