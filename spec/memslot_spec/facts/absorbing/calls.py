"""What calls and replies add: to open calls, open updates, and the worlds."""

from __future__ import annotations

from memslot_spec.facts.absorbing.accesses import access_returned
from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.absorbing.ranges import range_called, range_returned
from memslot_spec.facts.caches import CACHING
from memslot_spec.facts.calls import CallFacts, LastUpdate, Update, pages_of
from memslot_spec.facts.explained import (
    any_explains,
    is_explained_by_one_table,
    may_mix_tables,
)
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Call, Return
from memslot_spec.model.operations import (
    AgeHva,
    ChangePte,
    DestroyVm,
    InvalidateRange,
    PreFault,
    ReleaseNotifier,
    SetRegion,
    TableRequest,
    UnmapHva,
    WriteProtectGfn,
)
from memslot_spec.model.outcomes import promised_of
from memslot_spec.model.replies import Done, Refused


def _call(facts: Facts, event: Call) -> None:
    """What the call may not fall behind is settled when it begins."""
    operation = event.operation
    known = CallFacts(
        operation, facts.step, facts.floor, facts.settled, facts.tables.newest, [], {}
    )
    if isinstance(operation, CACHING):
        facts.cached.called(known, facts.calls.values())
    facts.pfn_caches.called(known, facts.calls.values())
    facts.calls[event.thread] = known
    facts.answers.called(operation, alone=len(facts.calls) == 1)
    facts.updates.pop(event.thread, None)
    if facts.by_ranges:
        range_called(facts, event.thread, operation)
    if isinstance(operation, TableRequest):
        _request(facts, event.thread, operation, known)
        return
    if not facts.sighted:
        facts.worlds.reader_called(event.thread)
    if isinstance(operation, UnmapHva | AgeHva | ChangePte):
        known.mappings = facts.shadow.serials_at_hva(operation.hva)
        known.invalid_mappings = _of_invalid_slots(facts, known.mappings)
    elif isinstance(operation, ReleaseNotifier):
        known.mappings = facts.shadow.serials()
    elif isinstance(operation, PreFault):
        sptes = facts.shadow.sptes.values()
        known.mapped = [(s.gfn, s.npages) for s in sptes if s.as_id == 0]
    elif isinstance(operation, WriteProtectGfn):
        known.to_protect = {
            place: spte
            for place, spte in facts.shadow.sptes.items()
            if spte.writable and spte.maps_gfn(operation.gfn, operation.as_id)
        }
        known.had_to_protect = bool(known.to_protect)
    elif isinstance(operation, InvalidateRange) and operation.start < operation.end:
        _range(facts, operation, known)


def _request(
    facts: Facts, thread: int, operation: TableRequest, known: CallFacts
) -> None:
    facts.updates_called += 1
    if isinstance(operation, SetRegion):
        region = operation.region
        if region.slot == 0 and region.memory_size == 0:
            facts.deleted_bases.add(region.base)
    others = facts.open_updates()
    for other in others:
        other.alone = False
        if not facts.sighted:
            other.base = None
    update = Update(operation, None, alone=not others, published=[])
    known.update = facts.updates[thread] = update
    if facts.sighted:
        if not others:
            update.starts_from(facts.tables.current)
        return
    tables = facts.worlds.tables()
    if not others and len(tables) == 1:
        update.starts_from(tables[0])
    facts.worlds.update_called(thread, operation)


def _range(facts: Facts, invalidated: InvalidateRange, known: CallFacts) -> None:
    """What maps the pages of a range: those it has all of, and those it touches."""
    shadow = facts.shadow
    known.mappings = shadow.serials_in(invalidated.start, invalidated.end)
    whole, part = pages_of(invalidated)
    for pages in whole:
        known.whole_mappings |= shadow.serials_in(*pages)
    for pages in part:
        known.part_mappings |= shadow.serials_in(*pages)


def _of_invalid_slots(facts: Facts, serials: frozenset[int]) -> frozenset[int]:
    """The mappings among these whose frame lies in an INVALID slot now."""
    invalid = [slot for slot in facts.tables.current if slot.invalid]
    return frozenset(
        spte.serial
        for spte in facts.shadow.sptes.values()
        if spte.serial in serials and any(spte.meets(slot) for slot in invalid)
    )


ABSORB: Additions = (on(Call, _call),)
"""A reply is added by `returned`, once the clauses about it have been asked."""


def returned(facts: Facts, event: Return, known: CallFacts) -> None:
    """A call is over: later calls may not fall behind what it saw or published."""
    del facts.calls[event.thread]
    access_returned(facts, event, known)
    facts.updates.pop(event.thread, None)
    operation, reply = known.operation, event.reply
    if facts.by_ranges:
        range_returned(facts, event, known)
    facts.answers.returned(operation, reply, at_rest=not facts.calls)
    if isinstance(operation, TableRequest):
        _request_returned(facts, event, known, operation)
        return
    facts.pfn_caches.returned(known, reply, facts.step)
    if isinstance(operation, DestroyVm):
        facts.vm_destroyed = True
    if facts.sighted:
        if known.loaded:
            facts.floor = max(facts.floor, *known.loaded)
    else:
        mixed = may_mix_tables(known)
        facts.worlds.reader_answered(
            event.thread,
            # What several tables may have answered together tells of none of them.
            lambda table: mixed or any_explains(facts, (table,), known, reply),
            settled_only=not is_explained_by_one_table(facts, known),
        )
    if isinstance(operation, CACHING):
        at_rest = facts.undisturbed(known)
        facts.cached.returned(known, reply, facts.updates_called, at_rest=at_rest)
        facts.cached.no_longer_mixed(operation, facts.calls.values())


def _request_returned(
    facts: Facts, event: Return, known: CallFacts, operation: TableRequest
) -> None:
    update = known.update
    facts.last_updated_at = facts.step
    facts.last_update = None
    if isinstance(event.reply, Refused):
        facts.host.refused(event.thread)
    if isinstance(operation, SetRegion):
        if isinstance(event.reply, Done) and operation.region.npages:
            facts.had_a_slot = True
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
    facts.worlds.update_answered(event.thread, promised_of(operation, event.reply))
