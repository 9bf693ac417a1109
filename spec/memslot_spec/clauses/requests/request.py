"""Request validation: what is refused whatever the table holds.

Source throughout: `__kvm_set_memory_region` and the ioctl above it, at the seed
and in 6.1. A caller cannot see the order of two checks that both give EINVAL,
so no clause speaks of it.
"""

from __future__ import annotations

from memslot_spec.arithmetic.slot_word import id_of
from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.requests.refusals import refusal
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Observed
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.model.updates import Objection, target_of
from memslot_spec.model.values import BIT_1
from memslot_spec.moments.replies import Updated

SET = ("SetRegion",)


MISALIGNED = refusal(
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


HVA_MISALIGNED = refusal(
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


HVA_UNUSABLE = refusal(
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


WRAPS = refusal(
    4,
    Objection.WRAPS,
    row=4,
    title="A guest range that wraps is refused",
    must="A guest range that wraps 2^64 MUST fail with EINVAL.",
    source="__kvm_set_memory_region, first checks",
    profiles=BOTH,
)


BAD_ID = refusal(
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


BAD_ADDRESS_SPACE = refusal(
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


UNKNOWN_FLAG = refusal(
    7,
    Objection.UNKNOWN_FLAG,
    row=7,
    title="An unknown flag bit is refused",
    must="A request with an unknown flag bit MUST fail with EINVAL.",
    source="check_memory_region_flags",
    profiles=ONLY_LINUX,
)


INVALID_BITS = BIT_1 | 1 << 16

"""The bit that meant INVALID in 2009, and the one that means it inside today."""


def sets_an_invalid_bit(facts: Facts, update: Updated) -> bool:
    """A request has a bit that may mean INVALID, and no other ran beside it."""
    return (
        bool(update.operation.region.flags & INVALID_BITS) and update.after is not None
    )


def expects_valid_slot(facts: Facts, update: Updated) -> str:
    """The slot, without the mark."""
    slot_id = id_of(update.operation.region.slot)
    return f"slot {slot_id} not INVALID: no flag bit of a request may make it so"


@clause(
    id="REQ-8",
    title="Userspace cannot make a slot INVALID",
    must="A request MUST NOT leave its slot INVALID because of a flag bit that "
    "userspace set.",
    source="seed, include/linux/kvm.h; commit 4d8b81abc47b",
    rows=(7,),
    on=Updated,
    premise=sets_an_invalid_bit,
    expected=expects_valid_slot,
    operations=SET,
    points=("TablePublished", "TableLoaded"),
)
def never_invalid(facts: Facts, update: Updated) -> bool:
    if update.after is None:
        return True
    slot = target_of(update.after, update.operation.region)
    return slot is None or not slot.invalid


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


@clause(
    id="REQ-9",
    title="No request leaves a slot INVALID by a flag bit",
    must="After a request with any flag bits, introspection MUST NOT show a slot "
    "that is INVALID.",
    source="seed, include/linux/kvm.h; commit 4d8b81abc47b",
    rows=(7,),
    on=Observed,
    premise=had_an_invalid_bit,
    expected="no slot INVALID while no update is under way",
    shows=("table",),
)
def never_left_invalid(facts: Facts, event: Observed) -> bool:
    table = event.view.table
    return table is None or not any(slot.invalid for slot in table)


TOO_MANY_PAGES = refusal(
    10,
    Objection.TOO_MANY_PAGES,
    row=8,
    title="More than 2^31-1 pages are refused",
    must="A user slot of more than 2^31-1 pages MUST fail with EINVAL.",
    source="commit 660c22c425c; KVM_MEM_MAX_NR_PAGES",
    profiles=ONLY_LINUX,
)


CLAUSES: tuple[AnyClause, ...] = (
    MISALIGNED,
    HVA_MISALIGNED,
    HVA_UNUSABLE,
    WRAPS,
    BAD_ID,
    BAD_ADDRESS_SPACE,
    UNKNOWN_FLAG,
    never_invalid,
    never_left_invalid,
    TOO_MANY_PAGES,
)
