"""Steps and serials of mappings in facts, renumbered without gaps.

Clauses do nothing but compare them, so their order is all that is kept. What no
clause can ask again is dropped: when a table was replaced whose grace period is over,
which mappings of before are gone. The functions named `of_` say what there is to be
renumbered in a part: where that is as it was, the numbers are good still.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from memslot_spec.facts.calls import Update
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.facts.srcu import GracePeriod
from memslot_spec.model.values import SlotTable

NEVER = -1
"""The step of what has not happened, and of what cannot matter any more."""

IN_TIME = 1
"""The step of a flush that came after the end of its grace period, which is 0."""

GONE = -1
"""The serial of a mapping that stands no more."""


class Period(NamedTuple):
    """A grace period as a value. Each section says itself who waits for it.

    `waited` says that there were any to wait for when it began.
    """

    begun: int
    version: int
    waited: bool


NO_STEPS = (NEVER, NEVER, NEVER)
"""The steps of an update that has published nothing, or of none."""


class Mark(Enum):
    """What tells whether something has to be numbered again, or looked at again."""

    NEWEST = "the version that is current"
    STEPS = "steps of events"
    SERIALS = "serials of mappings"


Marks = Iterator[tuple[Mark, object]]
"""What something is marked with: equal marks need nothing done."""


def of_versions(versions: Sequence[SlotTable]) -> Marks:
    """Which version is current."""
    yield Mark.NEWEST, len(versions)


def of_replaced(replaced: Mapping[int, int]) -> Marks:
    """When each version was replaced."""
    yield Mark.STEPS, tuple(replaced.items())


def of_update(update: Update | None) -> Marks:
    """When its slot was published as INVALID, and what came of that."""
    if update is None:
        yield Mark.STEPS, NO_STEPS
    else:
        steps = update.invalid_published_at, update.graced_at, update.flushed_at
        yield Mark.STEPS, steps


def of_period(period: GracePeriod | None) -> Marks:
    """When it began."""
    yield Mark.STEPS, None if period is None else period.begun


def of_sptes(sptes: Mapping[Place, Spte]) -> Marks:
    """The serials of what stands."""
    yield Mark.SERIALS, tuple((place, spte.serial) for place, spte in sptes.items())


def of_serial(serial: int) -> Marks:
    """The serial of what came to stand last."""
    yield Mark.SERIALS, serial


def renumber_steps(facts: Facts) -> None:
    """Let steps count from 0 without gaps.

    A table whose grace period is over stays so, and then it does not matter when
    it was replaced. The same goes for the INVALID table of an update.
    """
    tables, sections = facts.tables, facts.sections
    over, sections.last_begun = sections.last_begun, NEVER
    waiting = {v: at for v, at in tables.replaced.items() if at > over}
    periods = sections.periods.values()
    windows = [u for u in facts.updates.values() if u.invalid_published_at >= 0]
    steps = {*waiting.values(), *(p.begun for p in periods)}
    steps.update(u.invalid_published_at for u in windows if u.graced_at < 0)
    place = {step: number for number, step in enumerate(sorted(steps))}
    tables.replaced = {
        v: place[waiting[v]] if v in waiting else NEVER for v in tables.replaced
    }
    for period in periods:
        period.begun = place[period.begun]
    for update in windows:
        update.invalid_published_at = place.get(update.invalid_published_at, 0)
        flushed_in_time = update.flushed_at > update.graced_at >= 0
        update.graced_at = min(update.graced_at, 0)
        update.flushed_at = IN_TIME if flushed_in_time else min(update.flushed_at, 0)


def renumber_mappings(facts: Facts) -> None:
    """Let the serials of the sptes that stand count from 1 without gaps."""
    shadow = facts.shadow
    standing = sorted(spte.serial for spte in shadow.sptes.values())
    place = {serial: number for number, serial in enumerate(standing, 1)}
    shadow.serial = len(standing)
    shadow.sptes = {
        at: replace(spte, serial=place[spte.serial])
        for at, spte in shadow.sptes.items()
    }
    for known in facts.calls.values():
        known.mappings = _placed(known.mappings, place)
        known.invalid_mappings = _placed(known.invalid_mappings, place)
        known.whole_mappings = _placed(known.whole_mappings, place)
        known.part_mappings = _placed(known.part_mappings, place)


def _placed(serials: Iterable[int], place: dict[int, int]) -> frozenset[int]:
    return frozenset(place.get(serial, GONE) for serial in serials)
