"""What a reply may have come from: the tables that may explain it."""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.facts.caches import CACHING
from memslot_spec.facts.calls import CallFacts, LastUpdate
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.model.explain import BY_ONE_TABLE, explains
from memslot_spec.model.hva_caches import (
    is_resolved_by_page,
    use_explained,
)
from memslot_spec.model.operations import (
    Operation,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import SlotTable


def any_explains(
    facts: Facts, tables: Iterable[SlotTable], operation: Operation, reply: Reply
) -> bool:
    """One of the tables explains the reply, or there is nothing to explain."""
    if isinstance(operation, UseHvaCache):
        cached = facts.cached.ranges.get(operation.cache)
        return use_explained(tables, cached, operation, reply)
    profile, limits = facts.profile, facts.limits
    for table in tables:  # noqa: SIM110 - mostly one, and a generator costs more
        if explains(table, operation, reply, profile, limits):
            return True
    return False


def returned(facts: Facts, event: Return, known: CallFacts) -> None:
    """A call is over: later calls may not fall behind what it saw or did."""
    del facts.calls[event.thread]
    facts.updates.pop(event.thread, None)
    operation, reply = known.operation, event.reply
    if isinstance(operation, SetRegion):
        _request_returned(facts, event, known, operation)
        return
    if facts.sighted:
        if known.loaded:
            facts.floor = max(facts.floor, *known.loaded)
    else:
        facts.worlds.reader_answered(
            event.thread,
            lambda table: any_explains(facts, (table,), operation, reply),
            settled_only=not _answers_from_one_table(facts, operation),
        )
    if isinstance(operation, CACHING):
        facts.cached.returned(operation, reply, facts.updates_called)


def _answers_from_one_table(facts: Facts, operation: Operation) -> bool:
    """Where one table explains its answer, later readers see no older one."""
    if isinstance(operation, UseHvaCache):
        cached = facts.cached.ranges.get(operation.cache)
        return cached is not None and not is_resolved_by_page(cached)
    return isinstance(operation, BY_ONE_TABLE)


def _request_returned(
    facts: Facts, event: Return, known: CallFacts, operation: SetRegion
) -> None:
    update = known.update
    facts.last_update = LastUpdate(
        operation,
        event.reply,
        None if update is None or not update.alone else update.base,
        None if update is None else update.change,
    )
    if facts.sighted:
        published = () if update is None else tuple(update.published)
        facts.settled = max(facts.settled, *published, 0)
        facts.floor = max(facts.floor, facts.settled)
        return
    facts.worlds.update_answered(event.thread, event.reply)
