"""The sequential semantics of an update: every allowed outcome of one request.

An outcome is a reply and the tables that the update publishes on the way to it,
in order. A table equal to the one before it is left out.

Source: `__kvm_set_memory_region`, in the patch and in 6.1; the order of its
checks is kept only as far as a caller can see it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from memslot_spec.arithmetic.ranges import U64
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Done, Refused, Reply
from memslot_spec.model.updates import (
    Change,
    Objection,
    asks_readonly,
    change_of,
    may_lack_memory,
    met_by,
    objections,
    target_of,
)
from memslot_spec.model.values import (
    Errno,
    Failure,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply, and the tables published before it, in order."""

    reply: Reply
    versions: tuple[SlotTable, ...] = ()

    def leaves(self, table: SlotTable) -> SlotTable:
        """The table in force after this outcome of an update of `table`."""
        return self.versions[-1] if self.versions else table


def plan(
    table: SlotTable,
    region: MemoryRegion,
    profile: Profile,
    limits: Limits,
    *,
    private: bool = False,
    failure: Failure | None = None,
) -> tuple[Outcome, ...]:
    """Every allowed outcome of a request on this table, never none.

    ENOMEM is an outcome only where `failure` was injected, or where the limits do not
    promise memory for so many pages; the request may still succeed then.
    """
    wrong = objections(table, region, profile, limits, private=private)
    injected: tuple[Outcome, ...] = ()
    change, old = change_of(table, region), target_of(table, region)
    if failure is not None or may_lack_memory(change, old, region, limits):
        injected = _rolled_back(Errno.ENOMEM, table, region)
    must, may = _sort_refusals(wrong, table, region, profile, limits, injected)
    if must:
        return tuple(dict.fromkeys((*must, *may)))
    accepted = _accepted(table, region, profile)
    outcomes = (*accepted, *injected, *may)
    return outcomes if len(outcomes) == 1 else tuple(dict.fromkeys(outcomes))


NOT_EINVAL = frozenset({Objection.ABSENT, Objection.OVERLAP})
"""Where these are overlooked at all, they are never refused with EINVAL."""


def _sort_refusals(
    wrong: tuple[Objection, ...],
    table: SlotTable,
    region: MemoryRegion,
    profile: Profile,
    limits: Limits,
    injected: tuple[Outcome, ...],
) -> tuple[tuple[Outcome, ...], tuple[Outcome, ...]]:
    """The refusals one of which must be given, and those that only may be.

    The largest guest frame is looked at on the way, where an injected failure may
    come first.
    """
    lenient = _lenient(table, region, profile, limits)
    refused = Outcome(Refused(Errno.EINVAL))
    may = tuple(refused for o in wrong if o in lenient and o not in NOT_EINVAL)
    hard = [o for o in wrong if o not in lenient]
    if [o for o in hard if o not in {Objection.OVERLAP, Objection.BEYOND_GUEST}]:
        return (refused,), ()
    if Objection.OVERLAP in hard:
        return (Outcome(Refused(Errno.EEXIST)),), may
    if Objection.OVERLAP in wrong:
        may = (*may, Outcome(Refused(Errno.EEXIST)))
    if Objection.BEYOND_GUEST in hard:
        return (*_rolled_back(Errno.EINVAL, table, region), *injected), may
    return (), may


def _lenient(
    table: SlotTable, region: MemoryRegion, profile: Profile, limits: Limits
) -> frozenset[Objection]:
    """Objections that this profile lets an implementation overlook."""
    lenient: set[Objection] = set()
    if not profile.strict_flags:
        lenient.add(Objection.UNKNOWN_FLAG)
    if not profile.checks_hva:
        lenient.add(Objection.HVA_UNUSABLE)
    if profile.may_apply_new_hva:
        lenient.add(Objection.HVA_CHANGED)
    if profile.deletes_absent:
        lenient.add(Objection.ABSENT)
    if not profile.overlap_must_scan_private and all(
        s.id >= limits.user_slots or region.slot >= limits.user_slots
        for s in met_by(table, region, profile)
    ):
        lenient.add(Objection.OVERLAP)
    return frozenset(lenient)


def _accepted(
    table: SlotTable, region: MemoryRegion, profile: Profile
) -> tuple[Outcome, ...]:
    """The outcomes of a request that is carried out."""
    old = target_of(table, region)
    change = change_of(table, region)
    as_id, slot_id = as_id_of(region.slot), id_of(region.slot)
    if change is Change.NO_OP or (change is Change.DELETE and old is None):
        return (Outcome(Done()),)
    new = Slot(
        slot_id,
        region.base,
        region.npages,
        Hva(region.userspace_addr % U64),
        log_dirty=region.log_dirty,
        readonly=asks_readonly(region, profile),
        as_id=as_id,
    )
    if change is Change.DELETE:
        after = table.without(as_id, slot_id)
    else:
        after = table.with_slot(new)
    if old is not None and change in {Change.DELETE, Change.MOVE}:
        return (Outcome(Done(), (table.with_slot(old.as_invalid()), after)),)
    if old is not None and old.hva != new.hva:
        window = table.with_slot(old.as_invalid())
        return (Outcome(Done(), (window, after)), Outcome(Done(), (after,)))
    return (Outcome(Done(), (after,)),)


def _rolled_back(
    errno: Errno, table: SlotTable, region: MemoryRegion
) -> tuple[Outcome, ...]:
    """The outcomes of a request that fails on its way."""
    old = target_of(table, region)
    at_once = Outcome(Refused(errno))
    if old is None or change_of(table, region) not in {Change.DELETE, Change.MOVE}:
        return (at_once,)
    window = table.with_slot(replace(old, invalid=True))
    return (at_once, Outcome(Refused(errno), (window, table)))
