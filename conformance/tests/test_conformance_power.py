"""Mutants of every field: made from the types, different, and noticed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, get_args

import pytest

from field_changes import (
    Change,
    UnchangeableTypeError,
    changes_of,
    field_changes,
    made_for,
)
from field_mutants import BASES, DROPPED, UNTOLD, announced_by, mutants
from field_runs import DISAGREES, FINDING, Result, left, read, run_one, write
from field_unnoticed import LAWFUL, LISTED, why_lawful, why_missed
from memslot_conformance.play.stepping import SteppingHook
from memslot_spec.history.events import Point
from memslot_spec.history.points.mmu import MmuLocked, MmuUnlocked
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Reply

KINDS: tuple[type[Any], ...] = (*get_args(Point), *get_args(Reply))


def samples(kind: type[Any]) -> Iterator[object]:
    """A value with nothing where there may be nothing, and ever more that is there."""
    made = made_for(kind, kind.__name__)
    yield made
    for change in field_changes(kind, kind.__name__):
        if change.how in {"longer", "not-none"}:
            made = change.make(made)
            yield made


def differs(change: Change, kind: type[Any]) -> bool:
    return any(repr(change.make(value)) != repr(value) for value in samples(kind))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: str(kind.__name__))
def test_every_field_has_a_change_and_every_change_makes_another_value(
    kind: type[Any],
) -> None:
    changes = list(field_changes(kind, kind.__name__))

    changed = {change.path.split(".")[1] for change in changes}
    assert changed == {each.name for each in fields(kind)}
    assert [c.path + c.how for c in changes if not differs(c, kind)] == []


def test_every_kind_of_point_is_announced_by_a_reference() -> None:
    announced = {name for base in BASES for name in announced_by(base)}

    assert {kind.__name__ for kind in get_args(Point)} - announced == set()


@dataclass
class Odd:
    """A point of the future, with a field of a type that was never met."""

    thread: int
    weight: float


@pytest.mark.parametrize("hint", [float, dict[str, int], tuple[int, str], int | str])
def test_a_type_that_nobody_can_change_is_an_error_that_names_it(hint: object) -> None:
    with pytest.raises(UnchangeableTypeError, match="no change of such a value"):
        list(changes_of(hint, "Odd.weight"))


def test_a_field_of_such_a_type_is_named() -> None:
    with pytest.raises(UnchangeableTypeError, match=r"Odd\.weight is of type .*float"):
        list(field_changes(Odd, "Odd"))


def test_every_mutant_can_be_made_and_asked() -> None:
    for mutant in mutants().values():
        made = mutant(SteppingHook(), BASES[mutant.base][1])
        assert callable(made.set_region), mutant.name


def announced(what: str) -> list[object]:
    """What is recorded where a mutant's reference takes and releases `mmu_lock`."""
    mutant = mutants()[f"reference-linux/{what}"]
    hook = SteppingHook()
    made: Any = mutant(hook, LINUX)
    made.count_rmaps()
    assert mutant.times
    return [e for e in hook.events if isinstance(e, MmuLocked | MmuUnlocked)]


def test_a_point_is_dropped_doubled_or_changed_and_no_other_is() -> None:
    locked, unlocked = MmuLocked(0), MmuUnlocked(0)

    assert announced("MmuLocked/dropped") == [unlocked]
    assert announced("MmuLocked/doubled") == [locked, locked, unlocked]
    assert announced("MmuUnlocked.thread/off-by-one") == [locked, MmuUnlocked(1)]


def test_what_may_be_untold_is_a_field() -> None:
    paths = {m.what for m in mutants().values()}

    assert {path for path in UNTOLD if path not in paths} == set()


@pytest.mark.parametrize(
    "name",
    [
        "reference/MmuLocked/dropped",
        "reference/FoundSlot.slot.base/off-by-one",
        "reference-linux/TablePublished.slots.slots/cut",
        "reference-linux/Visible.visible/flipped",
        "reference-linux/Accessed.hva/off-by-one",
    ],
)
def test_a_mutant_is_detected_in_seconds(name: str) -> None:
    result = run_one(mutants()[name], seed=1, max_time=60.0)

    assert result.outcome in {FINDING, DISAGREES}, result
    assert result.times


def test_results_are_kept_and_what_is_in_them_is_not_played_again(
    tmp_path: Path,
) -> None:
    def one(name: str, outcome: str) -> Result:
        return Result(
            mutant=name,
            outcome=outcome,
            by="",
            seconds=1.0,
            times=1,
            schedules=1,
            seed=1,
            max_time=2.0,
        )

    file = tmp_path / "results"
    for result in (one("a", FINDING), one("b", "undetected")):
        write(result, file)
    with file.open("a") as lines:
        lines.write('{"mutant": "c", "outc')
    known = read(file)

    assert sorted(known) == ["a", "b"]
    assert left("abc", known, seed=1, max_time=2.0) == ["c"]
    assert left("abc", known, seed=1, max_time=3.0) == ["b", "c"]
    assert left("abc", known, seed=2, max_time=2.0) == ["b", "c"]


def test_what_is_lawful_or_missed_is_what_a_mutant_says() -> None:
    places = {f"{m.what}/{m.how}" for m in mutants().values()}

    assert set(LAWFUL) - places - set(mutants()) == set()
    assert set(LISTED) - places == set()
    assert set(LAWFUL) & set(LISTED) == set()


def test_the_table_of_judges_says_what_a_mutant_may_say() -> None:
    twice = mutants()["reference/TlbFlushed/doubled"]
    hole = mutants()["reference/RootGranted.gfn/off-by-one"]
    wrong = mutants()["reference/SpteMapped.hva/off-by-one"]

    assert why_lawful(twice) == "one too many costs time alone"
    assert not why_lawful(hole)
    assert why_missed(hole).startswith("the root is for a frame")
    assert not why_lawful(wrong)
    assert not why_missed(wrong)


def test_a_point_that_is_dropped_is_a_mutant_of_every_kind_announced() -> None:
    for base in BASES:
        for kind in announced_by(base):
            assert f"{base}/{kind}/{DROPPED}" in mutants()
