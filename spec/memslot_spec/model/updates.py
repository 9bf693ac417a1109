"""What a request changes on a table, and what is wrong with it there.

Source: `__kvm_set_memory_region`, in the patch and in 6.1.
"""

from __future__ import annotations

from enum import Enum

from memslot_spec.arithmetic.ranges import is_page_aligned, wraps
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.values import BIT_1, MemoryRegion, Slot, SlotTable


class Change(Enum):
    """What a request does to its slot (`enum kvm_mr_change`, and no-op)."""

    CREATE = "CREATE"
    DELETE = "DELETE"
    MOVE = "MOVE"
    FLAGS = "FLAGS"
    NO_OP = "NO_OP"


class Objection(Enum):
    """One thing that is wrong with a request, each on its own."""

    MISALIGNED = "size or guest address is not page aligned"
    HVA_MISALIGNED = "host address is not page aligned"
    HVA_UNUSABLE = "host range is not the user's to give"
    WRAPS = "guest range wraps 2^64"
    BAD_ID = "slot id is at or above the limit"
    BAD_ADDRESS_SPACE = "address space is at or above the count"
    UNKNOWN_FLAG = "a flag bit is not known"
    TOO_MANY_PAGES = "more pages than a slot may have"
    ABSENT = "the slot to delete is absent"
    RESIZED = "a live slot would change its size"
    HVA_CHANGED = "a live slot would change its host address"
    READONLY_CHANGED = "a live slot would change READONLY"
    OVERLAP = "the range meets another slot"
    BEYOND_GUEST = "the range ends above the largest guest frame"


def target_of(table: SlotTable, region: MemoryRegion) -> Slot | None:
    """The slot that a request is about, if it is present."""
    return table.find(as_id_of(region.slot), id_of(region.slot))


def change_of(table: SlotTable, region: MemoryRegion) -> Change:
    """What the request would do to this table, were it accepted."""
    old = target_of(table, region)
    if region.npages == 0:
        return Change.DELETE
    if old is None:
        return Change.CREATE
    if old.base != region.base:
        return Change.MOVE
    if old.log_dirty != region.log_dirty or old.hva != region.userspace_addr:
        return Change.FLAGS
    return Change.NO_OP


def malformed(
    region: MemoryRegion, profile: Profile, limits: Limits, *, private: bool = False
) -> tuple[Objection, ...]:
    """What is wrong with a request whatever table it meets."""
    first = limits.user_slots if private else 0
    count = profile.private_slots if private else limits.user_slots
    slot_id = id_of(region.slot) if profile.strict_flags else region.slot
    end = region.userspace_addr + region.memory_size
    found = (
        (
            not is_page_aligned(region.memory_size)
            or not is_page_aligned(region.guest_phys_addr),
            Objection.MISALIGNED,
        ),
        (not is_page_aligned(region.userspace_addr), Objection.HVA_MISALIGNED),
        (end > limits.hva_end, Objection.HVA_UNUSABLE),
        (wraps(region.guest_phys_addr, region.memory_size), Objection.WRAPS),
        (not first <= slot_id < first + count, Objection.BAD_ID),
        (
            profile.strict_flags and as_id_of(region.slot) >= limits.address_spaces,
            Objection.BAD_ADDRESS_SPACE,
        ),
        (bool(region.flags & ~profile.known_flags), Objection.UNKNOWN_FLAG),
        (
            profile.max_pages is not None and region.npages > profile.max_pages,
            Objection.TOO_MANY_PAGES,
        ),
    )
    return tuple(objection for wrong, objection in found if wrong)


def conflicts(
    table: SlotTable, region: MemoryRegion, profile: Profile, limits: Limits
) -> tuple[Objection, ...]:
    """What is wrong with a well-formed request on this table."""
    old = target_of(table, region)
    change = change_of(table, region)
    live = old is not None and change is not Change.DELETE
    beyond = region.base + region.npages - 1 > limits.largest_gfn
    found = (
        (change is Change.DELETE and old is None, Objection.ABSENT),
        (live and old is not None and old.npages != region.npages, Objection.RESIZED),
        (
            live and old is not None and old.hva != region.userspace_addr,
            Objection.HVA_CHANGED,
        ),
        (
            live and old is not None and old.readonly != asks_readonly(region, profile),
            Objection.READONLY_CHANGED,
        ),
        (bool(met_by(table, region, profile)), Objection.OVERLAP),
        (
            profile.strict_flags and change in {Change.CREATE, Change.MOVE} and beyond,
            Objection.BEYOND_GUEST,
        ),
    )
    return tuple(objection for wrong, objection in found if wrong)


def objections(
    table: SlotTable,
    region: MemoryRegion,
    profile: Profile,
    limits: Limits,
    *,
    private: bool = False,
) -> tuple[Objection, ...]:
    """Everything that is wrong with a request on this table."""
    return malformed(region, profile, limits, private=private) + conflicts(
        table, region, profile, limits
    )


def met_by(
    table: SlotTable, region: MemoryRegion, profile: Profile
) -> tuple[Slot, ...]:
    """The other slots of its address space that the request's range meets.

    In v2.6.34 the test runs for every request, so that a delete whose address
    lies strictly inside another slot meets that slot. Today it runs for CREATE
    and MOVE only.
    """
    change = change_of(table, region)
    if not profile.overlap_on_every_request and change not in {
        Change.CREATE,
        Change.MOVE,
    }:
        return ()
    as_id, slot_id, base = as_id_of(region.slot), id_of(region.slot), region.base
    npages = region.npages
    if change is Change.DELETE:
        met = table.meeting(base, 1, as_id)
        return tuple(s for s in met if s.id != slot_id and s.base < base)
    return tuple(s for s in table.meeting(base, npages, as_id) if s.id != slot_id)


def may_lack_memory(
    change: Change | None, old: Slot | None, region: MemoryRegion, limits: Limits
) -> bool:
    """The request needs arrays or a bitmap for more pages than there is memory for.

    Source: `kvm_alloc_memslot_metadata` and `kvm_alloc_dirty_bitmap` (6.1);
    `vmalloc(npages * sizeof(*new.rmap))` in `__kvm_set_memory_region` (v2.6.34).
    """
    if limits.enough_pages is None or region.npages <= limits.enough_pages:
        return False
    if change is Change.FLAGS:
        return old is not None and region.log_dirty and not old.log_dirty
    return change is Change.CREATE or change is Change.MOVE


def asks_readonly(region: MemoryRegion, profile: Profile) -> bool:
    """The request is for a READONLY slot, in a version that knows them."""
    return profile.has_readonly and bool(region.flags & BIT_1)
