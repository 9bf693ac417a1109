"""Whether tables explain what a cached host address answered."""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.arithmetic.byte_ranges import frames_of
from memslot_spec.model.hva_caches import (
    HvaRange,
    init_replies,
    pages_explained,
    use_replies,
)
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.replies import Reply, same_reply
from memslot_spec.model.values import SlotTable


def init_explained(table: SlotTable, init: InitHvaCache, reply: Reply) -> bool:
    """The table explains how a range was resolved."""
    allowed = init_replies(table, init)
    return allowed is None or any(same_reply(one, reply) for one in allowed)


def use_explained(
    tables: Iterable[SlotTable],
    cached: HvaRange | None,
    use: UseHvaCache,
    reply: Reply,
) -> bool:
    """Some table explains the reply, or each of its pages is explained by one.

    Without a range nothing is known of the cache, and the reply is explained.
    """
    if cached is None:
        return True
    known = tuple(tables)
    if any(
        same_reply(allowed, reply)
        for table in known
        for allowed in use_replies(table, cached, use)
    ):
        return True
    return is_resolved_by_page(cached) and pages_explained(known, cached, use, reply)


def is_resolved_by_page(cached: HvaRange) -> bool:
    """A range of several pages has no one address: each use translates its own."""
    return frames_of(cached.gpa, cached.length)[1] > 1
