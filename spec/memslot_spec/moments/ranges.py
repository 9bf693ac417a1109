"""Moments of a table by ranges: a request with its reply, and a log with its bits."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.arithmetic.bitmaps import set_bits
from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.tables import TablePublished
from memslot_spec.model.operations import GetDirtyRange, RangeRequest, ReplaceTable
from memslot_spec.model.range_table import (
    RangeObjection,
    range_table_of,
    wrong_with,
)
from memslot_spec.model.replies import DirtyLog, Done, Reply
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class RangeUpdated:
    """A request to a table by ranges with its reply.

    `base` is the table it started from, None where overlapping requests leave that
    open, and `wrong` what is wrong with it there. `after` is the table that it left,
    None where points do not tell.
    """

    operation: RangeRequest
    reply: Reply
    base: SlotTable | None
    wrong: RangeObjection | None
    after: SlotTable | None

    @property
    def is_sound(self) -> bool:
        """Nothing is wrong with it, on a table that is known."""
        return self.base is not None and self.wrong is None

    @property
    def accepted(self) -> bool:
        """The reply is success."""
        return isinstance(self.reply, Done)


@dataclass(slots=True)
class ReplacementPublished:
    """A replacement publishes a table, beside the one that it was asked for."""

    table: SlotTable
    asked: SlotTable


@dataclass(slots=True)
class RangeLogged:
    """The dirty log of a range is told, and no request was beside it.

    `shown` are its frames, `written` those that it must show, None where another
    log was asked for beside it, and `clean` those that nobody has written.
    """

    operation: GetDirtyRange
    shown: frozenset[int]
    written: frozenset[int] | None
    clean: frozenset[int]


def range_updated(
    facts: Facts, event: Return, known: CallFacts, operation: RangeRequest
) -> RangeUpdated:
    """The request with its reply and what was wrong with it where it began."""
    update = known.update
    base = None if update is None else update.base
    after = None
    if update is not None and facts.sighted:
        published = [facts.tables.versions[version] for version in update.published]
        after = published[-1] if published else base
    wrong = None if base is None else wrong_with(base, operation, facts.rules)
    return RangeUpdated(operation, event.reply, base, wrong, after)


def _replaced(facts: Facts, event: TablePublished) -> ReplacementPublished | None:
    update = facts.update_of(event.thread)
    if update is None or not isinstance(update.operation, ReplaceTable):
        return None
    return ReplacementPublished(event.slots, range_table_of(update.operation.ranges))


def _logged(facts: Facts, answered: Answered) -> RangeLogged | None:
    operation, reply = answered.operation, answered.reply
    if not isinstance(operation, GetDirtyRange) or not isinstance(reply, DirtyLog):
        return None
    if not facts.undisturbed(answered.call):
        return None
    frames = range(operation.gfn, operation.gfn + operation.npages)
    return RangeLogged(
        operation,
        frozenset(operation.gfn + page for page in set_bits(reply.bitmap)),
        facts.ranges.asked.get(answered.thread),
        frozenset(gfn for gfn in facts.ranges.clean if gfn in frames),
    )


MAKINGS: Makings = (
    Making(ReplacementPublished, TablePublished, _replaced),
    Making(RangeLogged, Answered, _logged),
)
