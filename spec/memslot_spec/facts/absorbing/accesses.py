"""What events add of accesses: which sptes they mark, and what the host replaces.

These go after those of the shadow MMU: an spte that is made is among the facts when
they look for it.
"""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.calls import CallFacts
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Place
from memslot_spec.history.events import Call, Return
from memslot_spec.history.points.host import TlbFlushed
from memslot_spec.history.points.mmu import (
    RmapIndexed,
    RmapUse,
    RootsInvalidated,
    SpteMapped,
    SpteRemoved,
    SpteUpdated,
)
from memslot_spec.model.operations import AgeHva, GuestAccess


def _call(facts: Facts, event: Call) -> None:
    operation = event.operation
    if facts.follows_backing:
        facts.backing.called(event.thread, operation)
    if not facts.tracks_accesses:
        return
    if isinstance(operation, AgeHva):
        facts.ageing.ageing_called(facts.shadow, event.thread, operation, facts.step)
    elif isinstance(operation, GuestAccess) and operation.may_use_spte:
        facts.ageing.access_called(facts.shadow, event.thread, operation, facts.step)


def _no_longer(facts: Facts, place: Place) -> None:
    """What stood there and was to be protected is protected, or gone."""
    for call in facts.calls.values():
        call.to_protect.pop(place, None)


def _spte_mapped(facts: Facts, event: SpteMapped) -> None:
    _no_longer(facts, (event.page, event.index))
    if not facts.tracks_accesses:
        return
    call = facts.calls.get(event.thread)
    access = None if call is None else call.operation
    facts.ageing.mapped(
        facts.shadow.sptes[event.page, event.index],
        event.thread,
        access if isinstance(access, GuestAccess) else None,
        facts.step,
    )


def _spte_changed(facts: Facts, event: SpteRemoved | SpteUpdated) -> None:
    """What the A bit is of a page that was changed in place is left open."""
    if isinstance(event, SpteRemoved) or not event.writable:
        _no_longer(facts, (event.page, event.index))
    facts.ageing.changed_at = facts.step
    if isinstance(event, SpteUpdated) and event.other_page:
        facts.ageing.mapped_at = facts.step


def _rmap_indexed(facts: Facts, event: RmapIndexed) -> None:
    if event.use is RmapUse.HVA_WALK:
        facts.ageing.ageing_walks(facts.shadow, event.thread)


def _tlbs_flushed(facts: Facts, event: TlbFlushed | RootsInvalidated) -> None:
    facts.ageing.tlbs_flushed(facts.shadow, event.thread)


ABSORB: Additions = (
    on(Call, _call),
    on(SpteMapped, _spte_mapped),
    on(SpteRemoved, _spte_changed),
    on(SpteUpdated, _spte_changed),
    on(RmapIndexed, _rmap_indexed),
    on(TlbFlushed, _tlbs_flushed),
    on(RootsInvalidated, _tlbs_flushed),
)
"""A reply is added by `access_returned`, once the clauses about it have been asked."""


def access_returned(facts: Facts, event: Return, known: CallFacts) -> None:
    """A call is over: a page is replaced, an spte marked, or its mark taken."""
    operation, thread = known.operation, event.thread
    if facts.follows_backing and facts.backing.replacements:
        began = (call.step for call in facts.calls.values())
        facts.backing.returned(thread, facts.step, min(began, default=facts.step + 1))
    if not facts.tracks_accesses:
        return
    if isinstance(operation, AgeHva):
        facts.ageing.ageing_returned(facts.shadow, thread)
    elif isinstance(operation, GuestAccess) and operation.may_use_spte:
        facts.ageing.access_returned(thread, event.reply, facts.step)
