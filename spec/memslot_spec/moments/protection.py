"""Moments of frames that are write-protected on request."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import Spte
from memslot_spec.model.operations import WriteProtectGfn
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.mmu import held_mmu_lock
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class FrameProtected:
    """A frame has been write-protected.

    `had_some`: sptes through which it could be written stood when the call began;
    `left` are those that nobody has protected or removed since, but for what is under
    roots that no vCPU uses any more. `in_tlbs` are
    writable translations of the frame that were stale when the call last released
    `mmu_lock`, if it `held_mmu_lock` at all, and that a processor may still use.
    """

    had_some: bool
    left: tuple[Spte, ...]
    held_mmu_lock: bool
    in_tlbs: tuple[Spte, ...]


def _frame_protected(facts: Facts, answered: Answered) -> FrameProtected | None:
    operation, thread, call = answered.operation, answered.thread, answered.call
    if not isinstance(operation, WriteProtectGfn):
        return None
    stale = facts.host.stale_at_unlock(thread)
    return FrameProtected(
        had_some=call.had_to_protect,
        left=tuple(
            spte
            for spte in call.to_protect.values()
            if spte.serial > facts.host.unreachable
        ),
        held_mmu_lock=held_mmu_lock(facts, thread),
        in_tlbs=tuple(
            spte
            for spte in stale
            if spte.writable and spte.maps_gfn(operation.gfn, operation.as_id)
        ),
    )


MAKINGS: Makings = (Making(FrameProtected, Answered, _frame_protected),)
