"""Request validation: which requests are refused, and with which errno.

Source throughout: `__kvm_set_memory_region` and the ioctl above it, at the seed
and in 6.1. A caller cannot see the order of two checks that both give EINVAL,
so no clause speaks of it.
"""

from __future__ import annotations

from memslot_spec.answered import Updated
from memslot_spec.clause import AnyClause, Clause, Needs
from memslot_spec.clauses.refusals import (
    accepted,
    conflicts_by,
    expects_done,
    expects_eexist,
    expects_einval,
    has_hard_objection,
    is_faultless,
    malformed_by,
    refused_with_eexist,
    refused_with_einval,
)
from memslot_spec.events import Observed
from memslot_spec.facts import Facts
from memslot_spec.operations import Done
from memslot_spec.plan import Change, Objection, met_by, target_of
from memslot_spec.profile import BOTH, ONLY_2_6_34, ONLY_LINUX
from memslot_spec.ranges import overlaps
from memslot_spec.slot_word import as_id_of, id_of
from memslot_spec.values import BIT_1, SlotTable

SET = ("SetRegion",)
INVALID_BITS = BIT_1 | 1 << 16
"""The bit that meant INVALID in 2009, and the one that means it inside today."""


def meets_only_private(facts: Facts, update: Updated) -> bool:
    """The range meets private slots and no user slot."""
    if update.base is None or has_hard_objection(update):
        return False
    met = met_by(update.base, update.operation.region, facts.profile)
    return bool(met) and all(s.id >= facts.limits.user_slots for s in met)


def meets_a_user_slot(facts: Facts, update: Updated) -> bool:
    """A CREATE or MOVE meets a user slot, and nothing harder is wrong."""
    if update.base is None or has_hard_objection(update):
        return False
    if update.change not in {Change.CREATE, Change.MOVE} or update.operation.private:
        return False
    met = met_by(update.base, update.operation.region, facts.profile)
    return any(s.id < facts.limits.user_slots for s in met)


def only_touches(facts: Facts, update: Updated) -> bool:
    """A faultless CREATE or MOVE ends where another slot begins, or the reverse."""
    del facts
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


def meets_only_itself(facts: Facts, update: Updated) -> bool:
    """A faultless request's range meets where the slot itself is now."""
    del facts
    if not is_faultless(update) or update.base is None:
        return False
    old = target_of(update.base, update.operation.region)
    region = update.operation.region
    return (
        old is not None
        and region.npages > 0
        and overlaps(old.base, old.npages, region.base, region.npages)
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


def is_hard_and_overlaps(facts: Facts, update: Updated) -> bool:
    """The request overlaps, and is wrong in a way that gives EINVAL too."""
    del facts
    return Objection.OVERLAP in update.conflicts and has_hard_objection(update)


def overlaps_beyond_the_guest(facts: Facts, update: Updated) -> bool:
    """The request overlaps, and ends above the largest guest frame."""
    del facts
    return {Objection.OVERLAP, Objection.BEYOND_GUEST} <= set(
        update.conflicts
    ) and not has_hard_objection(update)


def ends_beyond_the_guest(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong but that the range ends above the largest frame."""
    del facts
    return update.conflicts == (Objection.BEYOND_GUEST,) and not update.malformed


def is_wholly_faultless(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong with the request."""
    del facts
    return is_faultless(update)


def deletes_absent(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong but that the slot to delete is absent."""
    del facts
    return (
        update.conflicts == (Objection.ABSENT,)
        and not update.malformed
        and update.operation.failure is None
    )


def sets_an_invalid_bit(facts: Facts, update: Updated) -> bool:
    """A request has a bit that may mean INVALID, and no other ran beside it."""
    del facts
    return (
        bool(update.operation.region.flags & INVALID_BITS) and update.after is not None
    )


def slot_is_valid(facts: Facts, update: Updated) -> bool:
    """The slot asked for is not INVALID in the table it leaves."""
    del facts
    if update.after is None:
        return True
    slot = target_of(update.after, update.operation.region)
    return slot is None or not slot.invalid


def expects_valid_slot(facts: Facts, update: Updated) -> str:
    """The slot, without the mark."""
    del facts
    slot_id = id_of(update.operation.region.slot)
    return f"slot {slot_id} not INVALID: no flag bit of a request may make it so"


def had_an_invalid_bit(facts: Facts, event: Observed) -> bool:
    """The last request had a bit that may mean INVALID."""
    last = facts.last_update
    return (
        event.view.table is not None
        and last is not None
        and last.before is not None
        and bool(last.operation.region.flags & INVALID_BITS)
        and not facts.open_updates()
    )


def no_slot_is_invalid(facts: Facts, event: Observed) -> bool:
    """At rest no slot is marked INVALID."""
    del facts
    table = event.view.table
    return table is None or not any(slot.invalid for slot in table)


def expects_no_invalid(facts: Facts, event: Observed) -> str:
    """A table without the mark."""
    del facts, event
    return "no slot INVALID while no update is under way"


def deleted_last(facts: Facts, event: Observed) -> bool:
    """The last request was an accepted delete."""
    last = facts.last_update
    return (
        event.view.table is not None
        and not facts.open_updates()
        and last is not None
        and last.before is not None
        and isinstance(last.reply, Done)
        and last.operation.region.memory_size == 0
    )


def deleted_slot_is_absent(facts: Facts, event: Observed) -> bool:
    """The slot is not in the table."""
    return _deleted(facts, event.view.table) is None


def _deleted(facts: Facts, table: SlotTable | None) -> object:
    last = facts.last_update
    if last is None or table is None:
        return None
    return target_of(table, last.operation.region)


def expects_absent(facts: Facts, event: Observed) -> str:
    """The slot gone."""
    del facts, event
    return "the deleted slot absent"


def changes_hva(facts: Facts, update: Updated) -> bool:
    """Nothing is wrong but a new host address for a live slot."""
    del facts
    return (
        update.conflicts == (Objection.HVA_CHANGED,)
        and not update.malformed
        and update.after is not None
    )


def new_hva_is_in_force(facts: Facts, update: Updated) -> bool:
    """It was refused, or the slot is at the new host address."""
    if update.after is None or not accepted(facts, update):
        return True
    slot = target_of(update.after, update.operation.region)
    return slot is not None and slot.hva == update.operation.region.userspace_addr


def expects_new_hva(facts: Facts, update: Updated) -> str:
    """The new address in force, or a refusal."""
    del facts
    return (
        f"slot at hva {update.operation.region.userspace_addr:#x}, as the reply "
        "says, or refused EINVAL"
    )


def hva_change_ends(facts: Facts, event: Observed) -> bool:
    """The last request gave a live slot a new host address."""
    last = facts.last_update
    if last is None or last.before is None or event.view.table is None:
        return False
    old = target_of(last.before, last.operation.region)
    return (
        not facts.open_updates()
        and old is not None
        and last.operation.region.npages == old.npages
        and old.hva != last.operation.region.userspace_addr
    )


def shown_at_new_hva(facts: Facts, event: Observed) -> bool:
    """It was refused, or introspection shows the slot at the new address."""
    last, table = facts.last_update, event.view.table
    if last is None or table is None or not isinstance(last.reply, Done):
        return True
    slot = target_of(table, last.operation.region)
    return slot is not None and slot.hva == last.operation.region.userspace_addr


def expects_shown_hva(facts: Facts, event: Observed) -> str:
    """The new address shown."""
    del event
    last = facts.last_update
    hva = 0 if last is None else last.operation.region.userspace_addr
    return f"the slot at hva {hva:#x}, as the reply said"


def _refusal(
    number: int,
    objection: Objection,
    *,
    row: int,
    title: str,
    must: str,
    source: str,
    profiles: frozenset[str],
) -> AnyClause:
    """A clause on a request that is wrong in one way, whatever else it is."""
    of_table = objection in {
        Objection.ABSENT,
        Objection.RESIZED,
        Objection.HVA_CHANGED,
        Objection.READONLY_CHANGED,
    }
    return Clause(
        id=f"REQ-{number}",
        title=title,
        must=must,
        source=source,
        rows=(row,),
        profiles=profiles,
        needs=Needs.CALLS,
        on=Updated,
        premise=conflicts_by(objection) if of_table else malformed_by(objection),
        holds=refused_with_einval,
        expected=expects_einval,
        operations=SET,
    )


MISALIGNED = _refusal(
    1,
    Objection.MISALIGNED,
    row=1,
    title="An unaligned size or guest address is refused",
    must=(
        "A request whose size or guest address is not a multiple of 4 KiB MUST "
        "fail with EINVAL, also when it is a delete."
    ),
    source="__kvm_set_memory_region, first checks",
    profiles=BOTH,
)

HVA_MISALIGNED = _refusal(
    2,
    Objection.HVA_MISALIGNED,
    row=2,
    title="An unaligned host address is refused",
    must=(
        "A user-allocated request whose host address is not a multiple of 4 KiB "
        "MUST fail with EINVAL."
    ),
    source="__kvm_set_memory_region, first checks",
    profiles=BOTH,
)

HVA_UNUSABLE = _refusal(
    3,
    Objection.HVA_UNUSABLE,
    row=3,
    title="A host range that is not the user's is refused",
    must=(
        "A host address range that userspace may not access, or that is tagged, "
        "MUST fail with EINVAL."
    ),
    source="CVE-2013-1943; commit 139bc8a6146d",
    profiles=ONLY_LINUX,
)

WRAPS = _refusal(
    4,
    Objection.WRAPS,
    row=4,
    title="A guest range that wraps is refused",
    must="A guest range that wraps 2^64 MUST fail with EINVAL.",
    source="__kvm_set_memory_region, first checks",
    profiles=BOTH,
)

BAD_ID = _refusal(
    5,
    Objection.BAD_ID,
    row=5,
    title="A slot id at the limit is refused",
    must=(
        "A slot id at or above the user limit (32 in v2.6.34, "
        "KVM_CAP_NR_MEMSLOTS today) MUST fail with EINVAL."
    ),
    source="kvm_vm_ioctl_set_memory_region",
    profiles=BOTH,
)

BAD_ADDRESS_SPACE = _refusal(
    6,
    Objection.BAD_ADDRESS_SPACE,
    row=6,
    title="An address space at the count is refused",
    must=(
        "A request for an address space (bits 16 to 31 of the slot word) at or "
        "above the count MUST fail with EINVAL."
    ),
    source="Documentation/virt/kvm/api.rst 4.35",
    profiles=ONLY_LINUX,
)

UNKNOWN_FLAG = _refusal(
    7,
    Objection.UNKNOWN_FLAG,
    row=7,
    title="An unknown flag bit is refused",
    must="A request with an unknown flag bit MUST fail with EINVAL.",
    source="check_memory_region_flags",
    profiles=ONLY_LINUX,
)

NEVER_INVALID = Clause(
    id="REQ-8",
    title="Userspace cannot make a slot INVALID",
    must=(
        "A request MUST NOT leave its slot INVALID because of a flag bit that "
        "userspace set."
    ),
    source="seed, include/linux/kvm.h; commit 4d8b81abc47b",
    rows=(7,),
    profiles=BOTH,
    needs=Needs.POINTS,
    on=Updated,
    premise=sets_an_invalid_bit,
    holds=slot_is_valid,
    expected=expects_valid_slot,
    operations=SET,
    points=("TablePublished", "TableLoaded"),
)

NEVER_LEFT_INVALID = Clause(
    id="REQ-9",
    title="No request leaves a slot INVALID by a flag bit",
    must=(
        "After a request with any flag bits, introspection MUST NOT show a slot "
        "that is INVALID."
    ),
    source="seed, include/linux/kvm.h; commit 4d8b81abc47b",
    rows=(7,),
    profiles=BOTH,
    needs=Needs.INTROSPECTION,
    on=Observed,
    premise=had_an_invalid_bit,
    holds=no_slot_is_invalid,
    expected=expects_no_invalid,
    shows=("table",),
)

TOO_MANY_PAGES = _refusal(
    10,
    Objection.TOO_MANY_PAGES,
    row=8,
    title="More than 2^31-1 pages are refused",
    must="A user slot of more than 2^31-1 pages MUST fail with EINVAL.",
    source="commit 660c22c425c; KVM_MEM_MAX_NR_PAGES",
    profiles=ONLY_LINUX,
)

DELETE_ABSENT = _refusal(
    11,
    Objection.ABSENT,
    row=9,
    title="Deleting an absent slot is refused",
    must="Deleting an absent slot MUST fail with EINVAL.",
    source="commit f0736cf0550b",
    profiles=ONLY_LINUX,
)

DELETE_ABSENT_2009 = Clause(
    id="REQ-12",
    title="Deleting an absent slot succeeds in 2009",
    must="Deleting an absent slot MUST return 0.",
    source="seed, __kvm_set_memory_region: no test that the slot exists",
    rows=(9,),
    profiles=ONLY_2_6_34,
    needs=Needs.CALLS,
    on=Updated,
    premise=deletes_absent,
    holds=accepted,
    expected=expects_done,
    operations=SET,
)

DELETED_IS_ABSENT = Clause(
    id="REQ-13",
    title="A deleted slot is absent",
    must="After a delete was accepted the slot MUST be absent.",
    source="seed, __kvm_set_memory_region",
    rows=(9,),
    profiles=BOTH,
    needs=Needs.INTROSPECTION,
    on=Observed,
    premise=deleted_last,
    holds=deleted_slot_is_absent,
    expected=expects_absent,
    shows=("table",),
)

RESIZED = _refusal(
    14,
    Objection.RESIZED,
    row=10,
    title="Resizing a live slot is refused",
    must=(
        "Changing the size of a live slot MUST fail with EINVAL, whatever its "
        "new range meets."
    ),
    source="__kvm_set_memory_region: decided before the overlap scan",
    profiles=BOTH,
)

HVA_CHANGED = _refusal(
    15,
    Objection.HVA_CHANGED,
    row=11,
    title="A new host address for a live slot is refused",
    must="Changing the host address of a live slot MUST fail with EINVAL.",
    source="__kvm_set_memory_region, 6.1",
    profiles=ONLY_LINUX,
)

READONLY_CHANGED = _refusal(
    16,
    Objection.READONLY_CHANGED,
    row=11,
    title="A READONLY toggle on a live slot is refused",
    must="Changing READONLY on a live slot MUST fail with EINVAL.",
    source="__kvm_set_memory_region, 6.1",
    profiles=ONLY_LINUX,
)

HVA_NOT_IGNORED = Clause(
    id="REQ-17",
    title="A new host address is not ignored",
    must=(
        "A new host address for a live slot that was reported as accepted MUST "
        "be in force when the request returns."
    ),
    source="seed, __kvm_set_memory_region: userspace_addr taken only with a new rmap",
    rows=(11,),
    profiles=ONLY_2_6_34,
    needs=Needs.POINTS,
    on=Updated,
    premise=changes_hva,
    holds=new_hva_is_in_force,
    expected=expects_new_hva,
    operations=SET,
    points=("TablePublished",),
)

HVA_SHOWN = Clause(
    id="REQ-18",
    title="A new host address that was accepted is shown",
    must=(
        "Introspection MUST show a live slot at the new host address that an "
        "accepted request gave it."
    ),
    source="seed, __kvm_set_memory_region: userspace_addr taken only with a new rmap",
    rows=(11,),
    profiles=ONLY_2_6_34,
    needs=Needs.INTROSPECTION,
    on=Observed,
    premise=hva_change_ends,
    holds=shown_at_new_hva,
    expected=expects_shown_hva,
    shows=("table",),
)

OVERLAP = Clause(
    id="REQ-19",
    title="Overlap with a user slot is EEXIST",
    must=(
        "A CREATE or MOVE whose range intersects another user slot of the same "
        "address space MUST fail with EEXIST."
    ),
    source="__kvm_set_memory_region, overlap scan",
    rows=(12,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Updated,
    premise=meets_a_user_slot,
    holds=refused_with_eexist,
    expected=expects_eexist,
    operations=SET,
)

TOUCHING = Clause(
    id="REQ-20",
    title="Touching ranges are accepted",
    must=("A CREATE or MOVE that only touches another slot MUST be accepted."),
    source="__kvm_set_memory_region, overlap scan",
    rows=(12,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Updated,
    premise=only_touches,
    holds=accepted,
    expected=expects_done,
    operations=SET,
)

OWN_RANGE = Clause(
    id="REQ-21",
    title="The overlap test ignores the slot itself",
    must="The overlap test MUST ignore the slot that is being changed.",
    source="__kvm_set_memory_region: skips its own slot",
    rows=(13,),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Updated,
    premise=meets_only_itself,
    holds=accepted,
    expected=expects_done,
    operations=SET,
)

PRIVATE_OVERLAP = Clause(
    id="REQ-22",
    title="The overlap test includes private slots",
    must=(
        "A CREATE or MOVE whose range intersects a private slot MUST fail with EEXIST."
    ),
    source='"KVM: mmu: Fix overlap between public and private memslots"',
    rows=(13,),
    profiles=ONLY_LINUX,
    needs=Needs.CALLS,
    on=Updated,
    premise=meets_only_private,
    holds=refused_with_eexist,
    expected=expects_eexist,
    operations=SET,
    private=True,
)

DELETE_INSIDE_2009 = Clause(
    id="REQ-23",
    title="In 2009 a delete inside another slot is EEXIST",
    must=(
        "A delete whose guest address lies strictly inside another user slot MUST "
        "fail with EEXIST."
    ),
    source="seed, __kvm_set_memory_region: the scan runs for size 0 too (derived)",
    rows=(14,),
    profiles=ONLY_2_6_34,
    needs=Needs.CALLS,
    on=Updated,
    premise=deletes_inside_another,
    holds=refused_with_eexist,
    expected=expects_eexist,
    operations=SET,
)

DELETE_ANYWHERE = Clause(
    id="REQ-24",
    title="Today a delete never overlaps",
    must=("A delete MUST be accepted whatever slot its guest address lies inside."),
    source="__kvm_set_memory_region, 6.1: overlap only for CREATE and MOVE",
    rows=(14,),
    profiles=ONLY_LINUX,
    needs=Needs.CALLS,
    on=Updated,
    premise=deletes_inside_another,
    holds=accepted,
    expected=expects_done,
    operations=SET,
)

EINVAL_FIRST = Clause(
    id="REQ-25",
    title="EINVAL wins over EEXIST",
    must=(
        "A request that overlaps and is wrong in a way that gives EINVAL MUST "
        "fail with EINVAL."
    ),
    source="__kvm_set_memory_region: the overlap scan comes last",
    rows=(15,),
    profiles=ONLY_LINUX,
    needs=Needs.CALLS,
    on=Updated,
    premise=is_hard_and_overlaps,
    holds=refused_with_einval,
    expected=expects_einval,
    operations=SET,
)

EEXIST_BEFORE_ARCH = Clause(
    id="REQ-26",
    title="EEXIST wins over the architecture's refusal",
    must=(
        "A request that overlaps and also ends above the largest guest frame MUST "
        "fail with EEXIST."
    ),
    source="kvm_set_memslot: preparation comes after the overlap scan",
    rows=(15,),
    profiles=ONLY_LINUX,
    needs=Needs.CALLS,
    on=Updated,
    premise=overlaps_beyond_the_guest,
    holds=refused_with_eexist,
    expected=expects_eexist,
    operations=SET,
)

BEYOND_GUEST = Clause(
    id="REQ-27",
    title="A range above the largest guest frame is refused",
    must=(
        "A CREATE or MOVE that ends above the largest guest frame MUST fail with "
        "EINVAL."
    ),
    source="kvm_arch_prepare_memory_region, x86: kvm_mmu_max_gfn",
    rows=(15,),
    profiles=ONLY_LINUX,
    needs=Needs.CALLS,
    on=Updated,
    premise=ends_beyond_the_guest,
    holds=refused_with_einval,
    expected=expects_einval,
    operations=SET,
)

FAULTLESS = Clause(
    id="REQ-28",
    title="A faultless request is accepted",
    must=(
        "A request with which nothing is wrong, and in which no failure was "
        "injected, MUST succeed."
    ),
    source="__kvm_set_memory_region",
    rows=(12, 16),
    profiles=BOTH,
    needs=Needs.CALLS,
    on=Updated,
    premise=is_wholly_faultless,
    holds=accepted,
    expected=expects_done,
    operations=SET,
)

CLAUSES: tuple[AnyClause, ...] = (
    MISALIGNED,
    HVA_MISALIGNED,
    HVA_UNUSABLE,
    WRAPS,
    BAD_ID,
    BAD_ADDRESS_SPACE,
    UNKNOWN_FLAG,
    NEVER_INVALID,
    NEVER_LEFT_INVALID,
    TOO_MANY_PAGES,
    DELETE_ABSENT,
    DELETE_ABSENT_2009,
    DELETED_IS_ABSENT,
    RESIZED,
    HVA_CHANGED,
    READONLY_CHANGED,
    HVA_NOT_IGNORED,
    HVA_SHOWN,
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
