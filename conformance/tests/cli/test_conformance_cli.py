"""The command line: what it refuses, what it prints, and how it ends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from command_line import go_into, memslots
from memslot_conformance.cli.command import main
from memslot_conformance.run import campaign
from memslot_spec.clauses import CLAUSES
from memslot_spec.compiled import which_judge


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("check refrence", "no target 'refrence'; a target is one of reference, "),
        ("check refrence", "Did you mean 'reference'?"),
        ("check museum:K0", "no mutant 'K0'"),
        ("check py:nowhere:make", "No module named 'nowhere'"),
        ("check py:nowhere", "must read py:MODULE:FACTORY"),
        ("check --profile linus", "'linus' is not one of 'v2.6.34', 'linux'"),
        ("check --level fast", "'fast' is not one of 'quick', 'standard', 'deep'"),
        ("check --clauses SRCX-1", "no clause matches 'SRCX-1'"),
        ("check --clauses SRCX-1", "Did you mean 'SRCU-1'?"),
        ("check --clauses SRCU-*,NONE-*", "no clause matches 'NONE-*'"),
        ("check --layers fixd", "no layer 'fixd'; there are fixed, sampled, sequent"),
        ("check --layers fixd", "Did you mean 'fixed'?"),
        ("check --layers ,", "it names no layer"),
        ("check --layers fixed --no-fixed", "--no-fixed leaves no layer to run"),
        ("check --seed many", "'many' is not a valid integer"),
        ("check --jobs 0", "0 is not in the range x>=1"),
        ("check --max-time 0", "0.0 is not in the range x>0"),
        ("check --scenarios 0", "0 is not in the range x>=1"),
        ("check --scenarios 9 --max-time 99", "give one of them"),
        ("check --executor dask://here:1", "--executor needs --scenarios"),
        ("check --executor tcp://a:1 --scenarios 9", "must read dask://HOST:PORT"),
        ("check --report-dir /dev/null", "cannot write the report: "),
        ("check --no-such", "No such option"),
        ("museum K0", "no mutant 'K0'"),
        ("museum K01 --json no/m.json", "folder 'no' cannot be written in."),
        ("museum --seeds 0", "0 is not in the range x>=1"),
        ("clauses SRCU-99", "no clause 'SRCU-99'"),
        ("smoke refrence", "Did you mean 'reference'?"),
        ("judge nothing.ndjson", "'nothing.ndjson' does not exist"),
        ("replay nothing.ndjson", "'nothing.ndjson' does not exist"),
        ("chek", "No such command 'chek'"),
    ],
)
def test_refuses_with_the_value_and_what_there_is(words: str, said: str) -> None:
    result = memslots(*words.split())
    assert result.exit_code == 2
    assert said in result.output


def test_it_says_its_version() -> None:
    result = memslots("--version")
    assert result.exit_code == 0
    assert result.output.startswith("memslots ")
    assert result.output.endswith(f", judge {which_judge()}\n")


@pytest.mark.parametrize(
    ("error", "status"),
    [(KeyboardInterrupt(), 4), (ZeroDivisionError("a bug"), 3)],
)
def test_what_goes_wrong_in_the_suite_never_looks_like_a_verdict(
    monkeypatch: pytest.MonkeyPatch, error: BaseException, status: int
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(campaign, "run", breaks)
    assert memslots("museum", "K01").exit_code == status


def test_every_command_has_help() -> None:
    for command in main.commands:
        result = memslots(command, "--help")
        assert result.exit_code == 0
        assert result.output.startswith(f"Usage: memslots {command}")


@pytest.mark.parametrize("what", ["history", "report", "failure"])
def test_a_schema_is_printed_of_each_kind_of_file(what: str) -> None:
    result = memslots("schema", what)
    assert result.exit_code == 0
    schema = json.loads(result.output)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    first = schema["prefixItems"][0]
    heads = first.get("anyOf", [first])
    assert all(f"memslots_{what}" in head["required"] for head in heads)


def test_there_is_a_schema_of_nothing_else() -> None:
    result = memslots("schema", "clauses")
    assert result.exit_code == 2
    assert "'clauses' is not one of 'history', 'report', 'failure'" in result.output


def test_the_clauses_are_listed_and_explained() -> None:
    every = memslots("clauses")
    assert every.exit_code == 0
    assert all(f"  {clause.id} " in every.output for clause in CLAUSES)
    one = memslots("clauses", "srcu-3")
    assert one.exit_code == 0
    for label in ("must", "read", "rows", "profiles", "needs", "judged", "detects"):
        assert f"\n  {label} " in one.output
    assert memslots("clauses", "req-20").output.count("\n  implied ") == 1
    data = json.loads(memslots("clauses", "--json").output)
    assert [row["id"] for row in data] == [clause.id for clause in CLAUSES]
    assert json.loads(memslots("clauses", "REQ-1", "--json").output)["id"] == "REQ-1"
