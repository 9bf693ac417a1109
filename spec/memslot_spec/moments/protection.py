"""Moments of sptes that are protected on request, or dropped for larger ones."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte
from memslot_spec.model.operations import WriteProtectGfn
from memslot_spec.model.replies import Done
from memslot_spec.model.updates import Change
from memslot_spec.moments.making import Making
from memslot_spec.moments.mmu import held_mmu_lock
from memslot_spec.moments.replies import Answered, Updated


@dataclass(frozen=True, slots=True)
class FrameProtected:
    """A frame has been write-protected.

    `had_some`: sptes through which it could be written stood when the call began;
    `left` are those that nobody has protected or removed since. `in_tlbs` are
    writable translations of the frame that were stale when the call last released
    `mmu_lock`, if it `held_mmu_lock` at all, and that a processor may still use.
    """

    had_some: bool
    left: tuple[Spte, ...]
    held_mmu_lock: bool
    in_tlbs: tuple[Spte, ...]


@dataclass(frozen=True, slots=True)
class LoggingDisabled:
    """A request turned a live slot's dirty logging off, and removed sptes.

    `in_tlbs` are those that the call removed, and that a processor may still use.
    """

    in_tlbs: tuple[Spte, ...]


def _frame_protected(facts: Facts, answered: Answered) -> FrameProtected | None:
    operation, thread, call = answered.operation, answered.thread, answered.call
    if not isinstance(operation, WriteProtectGfn):
        return None
    stale = facts.host.stale_at_unlock(thread)
    return FrameProtected(
        had_some=call.had_to_protect,
        left=tuple(call.to_protect.values()),
        held_mmu_lock=held_mmu_lock(facts, thread),
        in_tlbs=tuple(
            spte
            for spte in stale
            if spte.writable and spte.maps_gfn(operation.gfn, operation.as_id)
        ),
    )


def _logging_disabled(facts: Facts, updated: Updated) -> LoggingDisabled | None:
    update, thread = facts.update_of(updated.thread), updated.thread
    call = facts.calls.get(thread)
    if update is None or update.old is None or call is None:
        return None
    if updated.change is not Change.FLAGS or not isinstance(updated.reply, Done):
        return None
    if not update.old.log_dirty or updated.region.log_dirty:
        return None
    if facts.host.removed_at.get(thread, -1) <= call.step:
        return None
    return LoggingDisabled(facts.host.stale_since(call.step, thread))


MAKINGS = (
    Making(FrameProtected, Answered, _frame_protected),
    Making(LoggingDisabled, Updated, _logging_disabled),
)
