"""Steps and serials of mappings in facts, renumbered without gaps.

Clauses do nothing but compare them, so their order is all that is kept. What no
clause can ask again is dropped: when a table was replaced whose grace period is over,
which mappings of before are gone. The functions named `of_` say what there is to be
renumbered in a part: where that is as it was, the numbers are good still.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from enum import Enum
from typing import NamedTuple

from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Shadow
from memslot_spec.facts.srcu import GracePeriod, Section
from memslot_spec.facts.tables import Tables

NEVER = -1
"""The step of what has not happened, and of what cannot matter any more."""

IN_TIME = 1
"""The step of a flush that came after the end of its grace period, which is 0."""

GONE = -1
"""The serial of a mapping that stands no more."""


class Waits(NamedTuple):
    """A grace period, with the thread and the depth of each section it waits for.

    `waited` says that there were any when it began.
    """

    updater: int
    begun: int
    version: int
    sections: tuple[tuple[int, int], ...]
    waited: bool


class Mark(Enum):
    """What tells whether something has to be numbered again, or looked at again."""

    NEWEST = "the version that is current"
    STEPS = "steps of events"
    SERIALS = "serials of mappings"
    STACK = "who is inside a section"


Marks = Iterator[tuple[Mark, object]]
"""What something is marked with: equal marks need nothing done."""


def of_tables(tables: Tables) -> Marks:
    """Which version is current, and when each was replaced."""
    yield Mark.NEWEST, tables.newest
    yield Mark.STEPS, tuple(tables.replaced.items())


def of_call(known: CallFacts | None) -> Marks:
    """The steps of its update."""
    update = None if known is None else known.update
    if update is not None:
        steps = update.invalid_published_at, update.graced_at, update.flushed_at
        yield Mark.STEPS, steps
    else:
        yield Mark.STEPS, (NEVER, NEVER, NEVER)


def of_periods(periods: Mapping[int, GracePeriod]) -> Marks:
    """When each began."""
    yield Mark.STEPS, tuple((n, period.begun) for n, period in periods.items())


def of_shadow(shadow: Shadow) -> Marks:
    """The serials of what stands."""
    standing = tuple((place, spte.serial) for place, spte in shadow.sptes.items())
    yield Mark.SERIALS, (shadow.serial, standing)


def of_stack(stack: Iterable[Section] | None) -> Marks:
    """Which sections a thread is in: these, and not others like them."""
    yield Mark.STACK, tuple(map(id, stack or ()))


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


def waits_of(facts: Facts, period: GracePeriod) -> Waits:
    """The grace period as a value."""
    still = [
        (section.thread, depth)
        for section in period.waits_for
        for depth, standing in enumerate(facts.sections.open.get(section.thread, ()))
        if standing is section
    ]
    return Waits(
        period.thread,
        period.begun,
        period.version,
        tuple(sorted(still)),
        bool(period.waits_for),
    )


def period_of(waits: Waits, section: Callable[[int, int], Section]) -> GracePeriod:
    """The grace period of this value; `section` gives one by thread and depth."""
    waits_for = tuple(section(*place) for place in waits.sections)
    if waits.waited and not waits_for:
        # They all left: one that is nowhere stands for them.
        waits_for = (Section(waits.updater, 0, [], set()),)
    return GracePeriod(waits.updater, waits.begun, waits.version, waits_for)
