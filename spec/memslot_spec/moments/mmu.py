"""Moments of the shadow MMU: a slot that is flushed, and shadow state at rest."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.calls import Update
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.mmu import Flushed
from memslot_spec.model.values import Slot
from memslot_spec.moments.making import Making


@dataclass(frozen=True, slots=True)
class SlotFlushed:
    """A delete or a move flushes the slot that it has published as INVALID."""

    update: Update
    old: Slot


@dataclass(frozen=True, slots=True)
class AtRest:
    """The shadow state has come to rest: its lock was just given back.

    `touched` are the (page, index) places of the sptes changed meanwhile.
    """

    thread: int
    touched: tuple[tuple[int, int], ...]


def _flushed(facts: Facts, event: Flushed) -> SlotFlushed | None:
    update = facts.update_of(event.thread)
    if update is None or not update.takes_slot_away or update.old is None:
        return None
    if update.invalid_published_at < 0 or event.slot_id not in {None, update.old.id}:
        return None
    return SlotFlushed(update, update.old)


MAKINGS = (Making(SlotFlushed, Flushed, _flushed),)
