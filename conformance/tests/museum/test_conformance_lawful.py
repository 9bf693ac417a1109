"""The lawful wing, run: a variant is not accused only where something was judged."""

from __future__ import annotations

import pytest

from command_line import found
from memslot_conformance.findings.records import LayerDone, Record, TargetFailed
from memslot_conformance.museum import lawful
from memslot_conformance.museum.entries import UnknownEntryError
from memslot_conformance.museum.lawful import Hearing, hearing_of
from memslot_conformance.run.exits import Exit


def done(*, schedules: int = 3, asked: int = 1, cut: str | None = None) -> LayerDone:
    return LayerDone(
        target="lawful:waits-twice",
        layer="fixed",
        scenarios=1,
        schedules=schedules,
        steps=schedules,
        seconds=0.0,
        covered="",
        reached={"REQ-1": asked, "REQ-2": 0},
        cut=cut,
    )


def heard(*records: object) -> Hearing:
    told = [r for r in records if isinstance(r, LayerDone | TargetFailed)]
    return hearing_of("waits-twice", 1, told)


def test_a_variant_that_was_judged_is_not_accused() -> None:
    hearing = heard(done())
    assert hearing.outcome == "not accused"
    assert (hearing.schedules, hearing.judged, hearing.cut) == (3, 1, ())
    assert lawful.exit_status([hearing]) is Exit.CONFORMS


@pytest.mark.parametrize(
    "records",
    [(), (done(schedules=0, asked=0),), (done(asked=0, cut="its time ran out"),)],
)
def test_a_variant_of_which_nothing_was_judged_had_no_time(
    records: tuple[LayerDone, ...],
) -> None:
    hearing = heard(*records)
    assert hearing.outcome == "had no time"
    assert lawful.exit_status([heard(done()), hearing]) is Exit.INCONCLUSIVE


def test_every_clause_that_accuses_is_named() -> None:
    target = "lawful:waits-twice"
    records: list[Record] = [done(), found(target, "REQ-2"), found(target, "REQ-1")]
    hearing = hearing_of("waits-twice", 1, records)
    assert hearing.outcome == "accused by REQ-2, REQ-1"
    assert lawful.exit_status([hearing, heard()]) is Exit.DOES_NOT_CONFORM


def test_a_variant_that_breaks_is_an_error_in_one_line() -> None:
    what = "RuntimeError: it broke\n  somewhere\n"
    broke = TargetFailed(target="lawful:waits-twice", what=what, last="")
    hearing = heard(done(), broke)
    assert hearing.outcome == "error: RuntimeError: it broke"
    assert lawful.exit_status([hearing, heard()]) is Exit.BROKE


def test_a_run_of_nothing_has_not_passed() -> None:
    assert lawful.exit_status([]) is Exit.INCONCLUSIVE


def test_the_name_of_no_variant_is_refused_with_one_that_is_close() -> None:
    with pytest.raises(UnknownEntryError, match="waits-twice"):
        lawful.chosen(["waits-twise"])
