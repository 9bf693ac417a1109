"""Adequacy and the track record: how they are shown, counted and kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from memslot_conformance.cli.command import main
from memslot_conformance.museum import adequacy
from memslot_conformance.museum.adequacy import Adequacy
from memslot_conformance.museum.detections import (
    Detection,
)
from memslot_conformance.museum.lawful import Variant
from memslot_conformance.museum.neighbours import AccusedError, Neighbour
from memslot_conformance.museum.run import Attempt, Mutant, chosen
from memslot_conformance.museum.witnesses import (
    Witness,
)
from memslot_conformance.report import clauses as explain
from memslot_conformance.report import track_record
from memslot_conformance.report.adequacy import table
from memslot_conformance.run.exits import Exit
from memslot_spec.clauses import clause_by_id


def museum(*words: str) -> Result:
    return CliRunner().invoke(main, ("museum", *words), prog_name="memslots")


def detection(clause: str, mutant: str) -> Detection:
    return Detection(
        clause=clause,
        mutant=mutant,
        race="a race",
        blind=False,
        preemptions=0,
        plays=1,
        seconds=0.1,
    )


def witness(clause: str, *, times: int = 1, is_blind: bool = False) -> Witness:
    return Witness(
        clause=clause,
        target="reference",
        profile="linux",
        layer="fixed",
        race="a race",
        blind=is_blind,
        times=times,
    )


def neighbour(clause: str, variant: str) -> Neighbour:
    return Neighbour(clause=clause, variant=variant, race="a race", preemptions=0)


FOUND = Adequacy(
    clauses=("REQ-1", "REQ-2", "REQ-3"),
    witnesses=(witness("REQ-1", times=7), witness("REQ-2", times=3, is_blind=True)),
    detections=(
        detection("REQ-1", "one"),
        detection("REQ-1", "two"),
        detection("REQ-3", "two"),
    ),
    neighbours=(neighbour("REQ-1", "one"), neighbour("REQ-1", "two")),
)


def test_what_a_clause_lacks_is_named() -> None:
    assert FOUND.without_witness() == ("REQ-3",)
    assert FOUND.without_mutant() == ("REQ-2",)
    assert FOUND.found_by("REQ-1") == ("one", "two")
    assert FOUND.only_found_by("REQ-1") == ("one",)
    assert FOUND.only_found_by("REQ-3") == ()
    lines = table(FOUND)
    assert "reference linux 7" in lines[1]
    assert lines[1].endswith("one")
    assert "reference linux 3 (blind)" in lines[2]
    assert "NONE" in lines[2]
    assert "NEVER" in lines[3]
    assert "without a witness: REQ-3" in lines
    assert "finds no mutant: REQ-2" in lines
    assert adequacy.exit_status(FOUND) is Exit.DOES_NOT_CONFORM


def test_a_clause_without_a_neighbour_is_named_unless_it_is_exempt() -> None:
    bare = replace(FOUND, clauses=("REQ-1", "REQ-2", "DEL-2"))
    assert bare.neighbours_of("REQ-1") == ("one", "two")
    assert bare.without_neighbour() == ("DEL-2",)
    lines = table(bare)
    assert "  2  " in lines[1]
    assert "exempt" in lines[2]
    assert lines[3].count("NONE") == 2
    assert "no lawful neighbour: DEL-2; 2 clauses are exempt" in lines
    enough = replace(FOUND, clauses=("REQ-1",))
    assert adequacy.exit_status(enough) is Exit.CONFORMS
    alien = replace(enough, clauses=("DEL-2",), witnesses=(witness("DEL-2"),))
    alien = replace(alien, detections=(detection("DEL-2", "one"),))
    assert adequacy.exit_status(alien) is Exit.DOES_NOT_CONFORM


def test_an_accused_variant_is_told_and_fails_the_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def measure(*_: object, **__: object) -> Adequacy:
        message = "DEL-2 accuses lawful:one"
        raise AccusedError(message)

    monkeypatch.setattr(adequacy, "measure", measure)
    result = museum("--adequacy")
    assert result.exit_code == 1
    assert "DEL-2 accuses lawful:one" in result.stderr


def test_adequacy_survives_json() -> None:
    assert adequacy.from_text(adequacy.to_text(FOUND)) == FOUND


@pytest.mark.parametrize(("clauses", "status"), [(("REQ-1",), 0), (FOUND.clauses, 1)])
def test_the_museum_shows_adequacy(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    clauses: tuple[str, ...],
    status: int,
) -> None:
    found = Adequacy(
        clauses=clauses,
        witnesses=FOUND.witnesses,
        detections=FOUND.detections,
        neighbours=FOUND.neighbours,
    )

    def measure(
        mutants: Sequence[Mutant], variants: Sequence[Variant], *, jobs: int
    ) -> Adequacy:
        assert mutants
        assert variants
        assert jobs
        return found

    monkeypatch.setattr(adequacy, "measure", measure)
    file = tmp_path / "adequacy.json"
    result = museum("--adequacy", "--json", str(file))
    assert result.exit_code == status
    assert "REQ-1" in result.output
    data = json.loads(file.read_text("utf-8"))
    assert [row["id"] for row in data["clauses"]] == list(clauses)


def test_adequacy_is_about_every_mutant() -> None:
    result = museum("K01", "--adequacy")
    assert result.exit_code == 2
    assert "leave out the names" in result.output


def test_the_track_record_tells_exhibits_from_planted_mutants(tmp_path: Path) -> None:
    mutants = chosen(["K01", "answers-position"])
    attempts = [
        Attempt(
            mutant=mutant.name,
            seed=1,
            detected_by=mutant.clauses[:1],
            layer="fixed",
            seconds=0.25,
            operations=3,
            preemptions=1,
        )
        for mutant in mutants
    ]
    lines = track_record.table(attempts, mutants)
    assert "memslots check museum:K01 --clauses SRCU-1" in lines[1]
    assert mutants[0].since in lines[1]
    assert "3 / 1" in lines[1]
    assert lines[4].startswith("answers-position")
    assert "1 exhibits, 1 planted" in lines
    file = tmp_path / "record.json"
    track_record.write_json(file, attempts, mutants)
    first, second = json.loads(file.read_text("utf-8"))
    assert first["shown_by"] == "memslots check museum:K01 --clauses SRCU-1"
    assert (first["kind"], second["kind"]) == ("museum", "planted")
    assert (first["operations"], first["preemptions"]) == (3, 1)
    for known in ("wrong", "source", "since", "tag", "profile", "names"):
        assert first[known]


def test_one_clause_is_told_with_its_witnesses() -> None:
    clause = clause_by_id("REQ-12")
    lines = explain.explained(clause, (), seen=(witness("REQ-12", is_blind=True),))
    assert "  witness   reference under linux, 'a race', judged blind" in lines
