"""Moments of copies: a range of guest bytes was read or written, page by page."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.model.guest_copies import first_without_memory
from memslot_spec.model.operations import GuestCopy
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import SlotTable
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class GuestCopied:
    """A range of some guest bytes was copied, or as far as it went.

    `tables` are those that its lookups may have met. `lacking` is the first frame for
    which none of them has memory, None where there is no such frame; `is_backed` says
    that every frame has memory in each of them, and on the host.
    """

    copy: GuestCopy
    reply: Reply
    tables: tuple[SlotTable, ...]
    lacking: int | None
    is_backed: bool


def _copied(facts: Facts, answered: Answered) -> GuestCopied | None:
    copy, tables = answered.operation, answered.candidates
    if not isinstance(copy, GuestCopy) or copy.length == 0:
        return None
    some = first_without_memory(tables, copy, by_all=False)
    return GuestCopied(
        copy,
        answered.reply,
        tables,
        None if some is None else first_without_memory(tables, copy, by_all=True),
        some is None and not facts.limits.holes,
    )


MAKINGS: Makings = (Making(GuestCopied, Answered, _copied),)
