"""Facts folded to a value: two paths that left the same fold have one future.

Facts remember numbers that only grow: steps, and serials of mappings. Clauses do
nothing but compare them, so a fold keeps their order and no more. It drops what no
clause can ask again: when a table was replaced whose grace period is over, which
loads of a section lay between its oldest and its last, which mappings of before
are gone. Of the rest, what is in `PARTS` is kept as it is. Facts about what the
protocol does not announce (dirty logs, generations, caches) are left out: no clause
about them applies.

`unfold` makes facts again, and the search goes on from those alone. A fold that
dropped too much would change what the judge says. A test holds it to that: facts
that are folded and unfolded after every event lead to the same judgement.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass, replace
from functools import cache
from operator import attrgetter, itemgetter
from typing import NamedTuple, cast

from memslot_spec.facts.calls import CallFacts, Update
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.srcu import GracePeriod, Section
from memslot_spec.history.header import Header

NEVER = -1
"""The step of what has not happened, and of what cannot matter any more."""

IN_TIME = 1
"""The step of a flush that came after the end of its grace period, which is 0."""

GONE = -1
"""The serial of a mapping that stands no more."""

OVERTAKEN = -1
"""The version that was current at a call, when it is current no more."""

PARTS = (
    "tables",
    "sections",
    "shadow",
    "calls",
    "floor",
    "settled",
    "last_update",
    "updates_called",
    "vm_destroyed",
)
"""The facts that are kept. `step` and `updates` have a rule of their own."""


class Wait(NamedTuple):
    """Whom a grace period waits for: the thread and the depth of each section.

    `waited` says that there were any when it began.
    """

    updater: int
    sections: tuple[tuple[int, int], ...]
    waited: bool


class Folded(NamedTuple):
    """Facts as a value. `step` is above every step in them."""

    step: int
    parts: tuple[object, ...]
    waits: tuple[Wait, ...]
    updaters: tuple[int, ...]


class Fold:
    """Folds facts of one header, and unfolds them again."""

    def __init__(self, header: Header) -> None:
        """Errors: `ValueError` where the header announces no points."""
        if not Facts(header).sighted:
            message = "facts without points keep worlds, which have no fold"
            raise ValueError(message)
        self._header = header

    def fold(self, facts: Facts) -> Folded:
        """The facts as a value. They are used up: nobody may look at them again."""
        step = _renumber_steps(facts)
        _renumber_mappings(facts)
        for section in facts.sections.all_open():
            _shorten(section)
        for known in facts.calls.values():
            _shorten_call(facts, known)
        facts.updates_called = min(facts.updates_called, 1)
        facts.shadow.touched = dict.fromkeys(sorted(facts.shadow.touched))
        waits = tuple(
            _wait(facts, p) for _, p in sorted(facts.sections.periods.items())
        )
        updaters = tuple(sorted(facts.updates))
        parts = tuple([_keep(part) for part in _parts(facts)])
        return Folded(step, parts, waits, updaters)

    def unfold(self, folded: Folded) -> Facts:
        """Facts with the same future."""
        facts = Facts(self._header)
        for name, part in zip(PARTS, folded.parts, strict=True):
            setattr(facts, name, _restore(part))
        facts.step = folded.step
        facts.updates = {t: _update(facts.calls[t]) for t in folded.updaters}
        for wait in folded.waits:
            facts.sections.periods[wait.updater].waits_for = _waited_for(facts, wait)
        return facts


_parts = attrgetter(*PARTS)


def _update(known: CallFacts) -> Update:
    if known.update is None:
        message = "an open request whose call is not open"
        raise ValueError(message)
    return known.update


def _renumber_steps(facts: Facts) -> int:
    """Let steps count from 0 without gaps; the answer is the next one.

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
    return max(len(place), IN_TIME + 1)


def _renumber_mappings(facts: Facts) -> None:
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


def _shorten(section: Section) -> None:
    """Keep the oldest table that a section loaded, and the last."""
    loaded = section.loaded
    if loaded:
        oldest, last = min(loaded), loaded[-1]
        section.loaded = [last] if oldest == last else [oldest, last]


def _shorten_call(facts: Facts, known: CallFacts) -> None:
    """Keep which tables a call loaded, and whether one was published beside it."""
    known.step = 0
    known.loaded = sorted(set(known.loaded))
    if facts.tables.newest > known.newest:
        known.newest = OVERTAKEN


def _wait(facts: Facts, period: GracePeriod) -> Wait:
    depth = {
        id(section): (thread, number)
        for thread, stack in facts.sections.open.items()
        for number, section in enumerate(stack)
    }
    waits_for, period.waits_for = period.waits_for, ()
    still = tuple(sorted(depth[id(s)] for s in waits_for if id(s) in depth))
    return Wait(period.thread, still, bool(waits_for))


def _waited_for(facts: Facts, wait: Wait) -> tuple[Section, ...]:
    inside = tuple(facts.sections.open[thread][n] for thread, n in wait.sections)
    if inside or not wait.waited:
        return inside
    # They all left: one that is nowhere stands for them.
    return (Section(wait.updater, 0, [], set()),)


_BY_KEY = itemgetter(0)

ATOMS = frozenset({int, bool, str, type(None), tuple, frozenset})
"""Kinds of values that are kept as they are, as is every frozen record."""


class Kept(NamedTuple):
    """A container or a mutable record of this kind, and what is in it."""

    kind: type
    parts: Iterable[object]


def _keep(value: object) -> object:
    """The value with every dict, list, set and mutable record in it as a `Kept`.

    What is in tuples and sets is hashable already, and so are the keys of dicts,
    which are kept in the order of their keys.
    """
    kind: type = type(value)
    if kind in ATOMS:
        return value
    if kind is dict:
        items = cast("dict[int, object]", value).items()
        ordered = sorted(items, key=_BY_KEY)
        return Kept(dict, tuple([(key, _keep(part)) for key, part in ordered]))
    if kind is list:
        return Kept(list, tuple([_keep(v) for v in cast("list[object]", value)]))
    if kind is set:
        return Kept(set, frozenset(cast("set[object]", value)))
    parts = _parts_of(kind)
    if parts is None:
        return value
    return Kept(
        kind, tuple([v if type(v) in ATOMS else _keep(v) for v in parts(value)])
    )


def _restore(value: object) -> object:
    """What was kept, in containers and records that are new."""
    if type(value) is not Kept:
        return value
    kind, parts = value
    if kind is dict:
        items = cast("Iterable[tuple[object, object]]", parts)
        return {key: _restore(part) for key, part in items}
    if kind is set:
        return set(parts)
    made = [p if type(p) is not Kept else _restore(p) for p in parts]
    return made if kind is list else kind(*made)


@cache
def _parts_of(kind: type) -> Callable[[object], tuple[object, ...]] | None:
    """What reads the fields of a record that can change; None for all else.

    Errors: `TypeError` where it has too few fields to be read at once.
    """
    if not is_dataclass(kind):
        return None
    parameters: object = getattr(kind, "__dataclass_params__", None)
    if getattr(parameters, "frozen", False):
        return None
    names = [field.name for field in fields(kind)]
    if len(names) <= 1:
        message = f"{kind.__name__} has fewer than two fields"
        raise TypeError(message)
    return attrgetter(*names)
