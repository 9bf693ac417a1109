"""Request validation: overlap, what wins over what, and what is accepted."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clause import AnyClause, Clause
from memslot_spec.clauses.requests.refusals import (
    accepted,
    expects_done,
    expects_eexist,
    expects_einval,
    has_hard_objection,
    is_faultless,
    refused_with_eexist,
    refused_with_einval,
)
from memslot_spec.facts.facts import Facts
from memslot_spec.model.profile import ONLY_2_6_34, ONLY_LINUX
from memslot_spec.model.updates import Change, Objection, met_by, target_of
from memslot_spec.moments.replies import Updated

SET = ("SetRegion",)


def meets_a_user_slot(facts: Facts, update: Updated) -> bool:
    """A CREATE or MOVE meets a user slot, and nothing harder is wrong."""
    if update.base is None or has_hard_objection(update):
        return False
    if update.change not in {Change.CREATE, Change.MOVE} or update.operation.private:
        return False
    met = met_by(update.base, update.operation.region, facts.profile)
    return any(s.id < facts.limits.user_slots for s in met)


OVERLAP = Clause(
    id="REQ-19",
    title="Overlap with a user slot is EEXIST",
    must="A CREATE or MOVE whose range intersects another user slot of the same "
    "address space MUST fail with EEXIST.",
    source="__kvm_set_memory_region, overlap scan",
    rows=(12,),
    on=Updated,
    premise=meets_a_user_slot,
    expected=expects_eexist,
    operations=SET,
    holds=refused_with_eexist,
)


def only_touches(facts: Facts, update: Updated) -> bool:
    """A faultless CREATE or MOVE ends where another slot begins, or the reverse."""
    if not is_faultless(update) or update.base is None:
        return False
    if update.change not in {Change.CREATE, Change.MOVE}:
        return False
    region = update.operation.region
    ends = {region.base, region.base + region.npages}
    own = (as_id_of(region.slot), id_of(region.slot))
    return any(
        bool({s.base, s.base + s.npages} & ends)
        for s in update.base
        if (s.as_id, s.id) != own and s.as_id == own[0]
    )


TOUCHING = Clause(
    id="REQ-20",
    title="Touching ranges are accepted",
    must="A CREATE or MOVE that only touches another slot MUST be accepted.",
    source="__kvm_set_memory_region, overlap scan",
    rows=(12,),
    on=Updated,
    premise=only_touches,
    expected=expects_done,
    operations=SET,
    holds=accepted,
)


def meets_only_itself(facts: Facts, update: Updated) -> bool:
    """A faultless request's range meets where the slot itself is now."""
    if not is_faultless(update) or update.base is None:
        return False
    old = target_of(update.base, update.operation.region)
    region = update.operation.region
    return (
        old is not None
        and region.npages > 0
        and overlaps(old.base, old.npages, region.base, region.npages)
    )


OWN_RANGE = Clause(
    id="REQ-21",
    title="The overlap test ignores the slot itself",
    must="The overlap test MUST ignore the slot that is being changed.",
    source="__kvm_set_memory_region: skips its own slot",
    rows=(13,),
    on=Updated,
    premise=meets_only_itself,
    expected=expects_done,
    operations=SET,
    holds=accepted,
)


def meets_only_private(facts: Facts, update: Updated) -> bool:
    """The range meets private slots and no user slot."""
    if update.base is None or has_hard_objection(update):
        return False
    met = met_by(update.base, update.operation.region, facts.profile)
    return bool(met) and all(s.id >= facts.limits.user_slots for s in met)


PRIVATE_OVERLAP = Clause(
    id="REQ-22",
    title="The overlap test includes private slots",
    must="A CREATE or MOVE whose range intersects a private slot MUST fail with "
    "EEXIST.",
    source='"KVM: mmu: Fix overlap between public and private memslots"',
    rows=(13,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=meets_only_private,
    expected=expects_eexist,
    operations=SET,
    private=True,
    holds=refused_with_eexist,
)


def deletes_inside_another(facts: Facts, update: Updated) -> bool:
    """A delete names an address strictly inside another user slot."""
    if update.base is None or update.malformed or update.operation.failure is not None:
        return False
    region = update.operation.region
    if update.change is not Change.DELETE or update.operation.private:
        return False
    own = (as_id_of(region.slot), id_of(region.slot))
    return target_of(update.base, region) is not None and any(
        s.base < region.base < s.base + s.npages
        for s in update.base
        if s.as_id == own[0] and s.id != own[1] and s.id < facts.limits.user_slots
    )


DELETE_INSIDE_2009 = Clause(
    id="REQ-23",
    title="In 2009 a delete inside another slot is EEXIST",
    must="A delete whose guest address lies strictly inside another user slot MUST "
    "fail with EEXIST.",
    source="seed, __kvm_set_memory_region: the scan runs for size 0 too (derived)",
    rows=(14,),
    profiles=ONLY_2_6_34,
    on=Updated,
    premise=deletes_inside_another,
    expected=expects_eexist,
    operations=SET,
    holds=refused_with_eexist,
)


DELETE_ANYWHERE = Clause(
    id="REQ-24",
    title="Today a delete never overlaps",
    must="A delete MUST be accepted whatever slot its guest address lies inside.",
    source="__kvm_set_memory_region, 6.1: overlap only for CREATE and MOVE",
    rows=(14,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=deletes_inside_another,
    expected=expects_done,
    operations=SET,
    holds=accepted,
)


def is_hard_and_overlaps(facts: Facts, update: Updated) -> bool:
    """The request overlaps, and is wrong in a way that gives EINVAL too."""
    return Objection.OVERLAP in update.conflicts and has_hard_objection(update)


EINVAL_FIRST = Clause(
    id="REQ-25",
    title="EINVAL wins over EEXIST",
    must="A request that overlaps and is wrong in a way that gives EINVAL MUST "
    "fail with EINVAL.",
    source="__kvm_set_memory_region: the overlap scan comes last",
    rows=(15,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=is_hard_and_overlaps,
    expected=expects_einval,
    operations=SET,
    holds=refused_with_einval,
)


def overlaps_beyond_the_guest(facts: Facts, update: Updated) -> bool:
    """The request overlaps, and ends above the largest guest frame."""
    return {Objection.OVERLAP, Objection.BEYOND_GUEST} <= set(
        update.conflicts
    ) and not has_hard_objection(update)


EEXIST_BEFORE_ARCH = Clause(
    id="REQ-26",
    title="EEXIST wins over the architecture's refusal",
    must="A request that overlaps and also ends above the largest guest frame MUST "
    "fail with EEXIST.",
    source="kvm_set_memslot: preparation comes after the overlap scan",
    rows=(15,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=overlaps_beyond_the_guest,
    expected=expects_eexist,
    operations=SET,
    holds=refused_with_eexist,
)


def ends_beyond_the_guest(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong but that the range ends above the largest frame.

    A failure that was injected may strike before that is looked at.
    """
    return (
        update.conflicts == (Objection.BEYOND_GUEST,)
        and not update.malformed
        and update.operation.failure is None
    )


BEYOND_GUEST = Clause(
    id="REQ-27",
    title="A range above the largest guest frame is refused",
    must="A CREATE or MOVE that ends above the largest guest frame MUST fail with "
    "EINVAL.",
    source="kvm_arch_prepare_memory_region, x86: kvm_mmu_max_gfn",
    rows=(15,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=ends_beyond_the_guest,
    expected=expects_einval,
    operations=SET,
    holds=refused_with_einval,
)


def is_wholly_faultless(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong with the request."""
    return is_faultless(update)


FAULTLESS = Clause(
    id="REQ-28",
    title="A faultless request is accepted",
    must="A request with which nothing is wrong, and in which no failure was "
    "injected, MUST succeed.",
    source="__kvm_set_memory_region",
    rows=(12, 16),
    on=Updated,
    premise=is_wholly_faultless,
    expected=expects_done,
    operations=SET,
    holds=accepted,
)


CLAUSES: tuple[AnyClause, ...] = (
    OVERLAP,
    TOUCHING,
    OWN_RANGE,
    PRIVATE_OVERLAP,
    DELETE_INSIDE_2009,
    DELETE_ANYWHERE,
    EINVAL_FIRST,
    EEXIST_BEFORE_ARCH,
    BEYOND_GUEST,
    FAULTLESS,
)
