"""Smoke: what is said of an adapter, whether it is sound, strange or broken.

`golden/smoke.txt` has all that is said of each. To change it on purpose, run
`make golden` and commit the file.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.run.smoke import CHECKS, smoke
from memslot_conformance.run.smoke_declared import Check
from memslot_conformance.targets.probe import NoSuchTargetError, TargetBrokenError

SMOKE = Path(__file__).parent / "golden" / "smoke.txt"

DECLARED = CHECKS[-4:]
"""Those that hold what an adapter says of itself against what it does."""

ADAPTERS = (
    *("Plain", "FindsSlot", "FindsHva", "FindsVisible", "FindsId", "Shows"),
    *("ShowsNoTable", "Sound", "Stepped"),
    *("SharedSlot", "SharedHva", "SharedVisible", "SharedId", "SharedShown"),
    *("Inherits", "InheritsShown", "Mute", "Vague", "Deaf", "KeepsAll"),
    *("RaisesOnDelete", "Coarse", "RefusesAll", "Flickers", "Forgets"),
    *("Unsteady", "UnsteadyLater", "UnsteadyLookup"),
)


def smoked(adapter: str) -> tuple[Check, ...]:
    return smoke(f"py:odd_adapters:{adapter}", None)


def line(check: Check) -> str:
    """One check as it stands in the file."""
    said = [f"broken: {check.problem}"] * bool(check.problem)
    said += [f"note: {note}" for note in check.note.splitlines()]
    return f"{check.name}: {'; '.join(said) or 'ok'}"


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_smoke_says_of_an_adapter_what_is_pinned(
    adapter: str, *, write_golden: bool
) -> None:
    text = "\n".join(map(line, smoked(adapter)))
    check_block(SMOKE, adapter, text, write=write_golden)


def test_what_is_pinned_is_of_these_adapters(*, write_golden: bool) -> None:
    check_keys(SMOKE, ADAPTERS, write=write_golden)


@pytest.mark.parametrize("target", ["reference", "reference-linux"])
def test_smoke_finds_the_references_sound(target: str) -> None:
    checks = smoke(target, None)
    assert len(checks) == 1 + len(CHECKS)
    assert [c for c in checks if c.problem] == []
    assert not [c for c in checks[: -len(DECLARED)] if c.note]
    assert not checks[-2].note, "their limits are those that they keep to"


@pytest.mark.parametrize("adapter", ["Deaf", "Mute", "Vague", "RaisesOnDelete"])
def test_an_adapter_that_cannot_be_asked_is_asked_nothing_more(adapter: str) -> None:
    *sound, last = smoked(adapter)
    assert last.problem
    assert not [check for check in sound if check.problem]
    assert len(sound) < len(CHECKS)


@pytest.mark.parametrize(
    ("adapter", "last"),
    [
        ("dies_at_1", "loading the target"),
        ("dies_at_2", "It has the one method that every adapter has"),
        ("dies_at_3", "It answers a create, lookups and a delete with proper replies"),
        ("dies_at_4", "Two new instances know nothing of each other"),
        ("dies_at_7", "Looking at it twice shows the same"),
    ],
)
def test_of_an_adapter_that_dies_it_is_said_what_was_looked_at(
    adapter: str, last: str
) -> None:
    with pytest.raises(TargetBrokenError) as death:
        smoked(adapter)
    assert death.value.broken.what == "exited with status 7 before it was done"
    assert death.value.broken.last == last


def test_smoke_of_no_target_is_refused() -> None:
    with pytest.raises(NoSuchTargetError, match="has no factory Nobody"):
        smoked("Nobody")
