"""What a reply may have come from: the tables that may explain it."""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.answered import Answered, Updated
from memslot_spec.cached import CACHING
from memslot_spec.events import Return
from memslot_spec.facts import CallFacts, Facts, LastUpdate, Update
from memslot_spec.hva_replies import (
    init_explained,
    is_resolved_by_page,
    use_explained,
)
from memslot_spec.operations import (
    Accessed,
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    Reply,
    SetRegion,
    TssBase,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.plan import conflicts, malformed
from memslot_spec.profile import Limits, Profile
from memslot_spec.readers import accesses, answer
from memslot_spec.values import SlotTable

STALE_KEPT = 8
"""How many older tables are tried when no candidate explains a reply."""

TABLE_READERS = (
    GfnToMemslot,
    GfnToHva,
    GfnToHvaProt,
    VcpuGfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    TssBase,
    MmuPages,
)

BY_ONE_TABLE = (*TABLE_READERS, InitHvaCache)
"""The operations that answer from one load of the table."""


def explains(
    table: SlotTable,
    operation: Operation,
    reply: Reply,
    profile: Profile,
    limits: Limits,
) -> bool:
    """The table explains the reply; replies that no table decides are explained."""
    if isinstance(operation, TABLE_READERS):
        return answer(table, operation, profile, limits) == reply
    if isinstance(operation, GuestAccess):
        return reply in accesses(table, operation, profile)
    if isinstance(operation, InitHvaCache):
        return init_explained(table, operation, reply)
    return True


def answered(facts: Facts, event: Return, known: CallFacts) -> Answered:
    """The reader's call with its reply and every table that may explain it."""
    operation, reply = known.operation, event.reply
    settled_only = isinstance(operation, GuestAccess)
    if facts.sighted:
        candidates, first = _loaded(facts, known, settled_only=settled_only)
        stale = tuple(facts.tables.versions[max(first - STALE_KEPT, 0) : first])
    else:
        worlds, first = facts.worlds, 0
        candidates = worlds.candidates(event.thread, settled_only=settled_only)
        stale = worlds.older(event.thread, settled_only=settled_only)
    explained = _any_explains(facts, candidates, operation, reply)
    if not explained and facts.sighted and isinstance(reply, Accessed):
        # An spte that another thread made meanwhile, from a later table, may be
        # what the access met in the end.
        later = facts.tables.versions[first:]
        explained = _any_explains(facts, later, operation, reply)
    explained_stale = not explained and _any_explains(facts, stale, operation, reply)
    return Answered(
        event.thread, operation, reply, candidates, stale, explained, explained_stale
    )


def _any_explains(
    facts: Facts, tables: Iterable[SlotTable], operation: Operation, reply: Reply
) -> bool:
    if isinstance(operation, UseHvaCache):
        cached = facts.cached.ranges.get(operation.cache)
        return use_explained(tables, cached, operation, reply)
    profile, limits = facts.profile, facts.limits
    for table in tables:  # noqa: SIM110 - mostly one, and a generator costs more
        if explains(table, operation, reply, profile, limits):
            return True
    return False


def _loaded(
    facts: Facts, known: CallFacts, *, settled_only: bool
) -> tuple[tuple[SlotTable, ...], int]:
    """The tables an operation loaded, and the first version among them.

    An operation that loaded none (a guest access through an spte that stood
    already) may be explained by any table since the last settled one.
    """
    versions = facts.tables.versions
    if known.loaded:
        loaded = sorted(set(known.loaded))
        first, tables = loaded[0], [versions[version] for version in loaded]
    else:
        first = known.settled if settled_only else known.floor
        tables = versions[first:]
    if len(tables) == 1:
        return (tables[0],), first
    return tuple(dict.fromkeys(tables)), first


def updated(
    facts: Facts, event: Return, known: CallFacts, operation: SetRegion
) -> Updated:
    """The request with its reply and what was wrong with it where it began."""
    update = known.update
    base = None if update is None else update.base
    region, profile, limits = operation.region, facts.profile, facts.limits
    return Updated(
        event.thread,
        operation,
        event.reply,
        base,
        None if update is None else update.change,
        malformed(region, profile, limits, private=operation.private),
        () if base is None else conflicts(base, region, profile, limits),
        _left_by(facts, update),
    )


def _left_by(facts: Facts, update: Update | None) -> SlotTable | None:
    """The table that a request left: the one it published last, or its base.

    None where points do not tell.
    """
    if update is None or not facts.sighted:
        return None
    if update.published:
        return facts.tables.versions[update.published[-1]]
    return update.base


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
            lambda table: _any_explains(facts, (table,), operation, reply),
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
