"""What a request about a dirty log may be answered, by the table that it meets.

Objections are in the order in which they are looked for: the first one decides.
A request to which there is none is carried out. Of the refusals only what a
table and a request can show is here: a VM that keeps dirty rings and no bitmap
(ENXIO), and addresses that cannot be copied to or from (EFAULT), are outside.

Source: `kvm_get_dirty_log_protect`, `kvm_clear_dirty_log_protect`,
`kvm_vm_ioctl_enable_cap_generic`, `kvm_vm_ioctl_get_dirty_log` of v2.6.34.
"""

from __future__ import annotations

from enum import Enum

from memslot_spec.arithmetic.bitmaps import (
    BITS_PER_WORD,
    may_clear,
    set_bits,
    words_for,
)
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.operations import ClearDirtyLog
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import DirtyLog, Done, Refused, Reply, same_reply
from memslot_spec.model.values import Errno, Slot, SlotTable

MANUAL_PROTECT = 1 << 0
"""GET shows the bitmap and leaves it as it is (`MANUAL_PROTECT_ENABLE`)."""

INITIALLY_SET = 1 << 1
"""A bitmap begins with every page dirty; only together with the other."""


class DirtyObjection(Enum):
    """One thing that is wrong with a request about a dirty log."""

    BAD_SLOT = "the word names no slot that userspace can have"
    MISALIGNED = "the range does not begin at a multiple of 64 pages"
    ABSENT = "the slot is absent"
    NOT_LOGGED = "the slot has no dirty log"
    BAD_RANGE = "the range is not of whole words inside the slot"
    BAD_OPTIONS = "an option is not known, or needs another one"


ERRNO = {
    DirtyObjection.BAD_SLOT: Errno.EINVAL,
    DirtyObjection.MISALIGNED: Errno.EINVAL,
    DirtyObjection.ABSENT: Errno.ENOENT,
    DirtyObjection.NOT_LOGGED: Errno.ENOENT,
    DirtyObjection.BAD_RANGE: Errno.EINVAL,
    DirtyObjection.BAD_OPTIONS: Errno.EINVAL,
}
"""The refusal that each objection earns."""


SlotKey = tuple[int, int]
"""A slot's address space and id."""


def slot_key(word: int) -> SlotKey:
    """The address space and the id that a word names."""
    return as_id_of(word), id_of(word)


def slot_named(table: SlotTable, word: int) -> Slot | None:
    """The slot that a word names, if it is present."""
    return table.find(as_id_of(word), id_of(word))


def is_users_word(word: int, profile: Profile, limits: Limits) -> bool:
    """The word names a slot that userspace can have; 2009 has no address spaces."""
    if not profile.strict_flags:
        return word < limits.user_slots
    return as_id_of(word) < limits.address_spaces and id_of(word) < limits.user_slots


def get_objections(
    table: SlotTable, word: int, profile: Profile, limits: Limits
) -> tuple[DirtyObjection, ...]:
    """What is wrong with asking for the dirty log of a slot on this table."""
    if not is_users_word(word, profile, limits):
        return (DirtyObjection.BAD_SLOT,)
    slot = slot_named(table, word)
    if slot is None:
        return (DirtyObjection.ABSENT,)
    return () if slot.log_dirty else (DirtyObjection.NOT_LOGGED,)


def clear_objections(
    table: SlotTable, operation: ClearDirtyLog, profile: Profile, limits: Limits
) -> tuple[DirtyObjection, ...]:
    """What is wrong with clearing a part of a slot's dirty log on this table.

    A range that begins in the middle of a word is refused whatever the slot;
    one that leaves the slot is looked at only where there is a log.
    """
    of_slot = get_objections(table, operation.slot, profile, limits)
    found: list[DirtyObjection] = []
    if DirtyObjection.BAD_SLOT in of_slot:
        found.append(DirtyObjection.BAD_SLOT)
    if operation.first_page % BITS_PER_WORD:
        found.append(DirtyObjection.MISALIGNED)
    found += [o for o in of_slot if o is not DirtyObjection.BAD_SLOT]
    slot = slot_named(table, operation.slot)
    if slot is not None and not may_clear(
        operation.first_page, operation.num_pages, slot.npages
    ):
        found.append(DirtyObjection.BAD_RANGE)
    return tuple(found)


def enable_objections(options: int) -> tuple[DirtyObjection, ...]:
    """What is wrong with the options of `KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`."""
    known = (0, MANUAL_PROTECT, MANUAL_PROTECT | INITIALLY_SET)
    return () if options in known else (DirtyObjection.BAD_OPTIONS,)


def answers(reply: Reply, objections: tuple[DirtyObjection, ...]) -> bool:
    """The reply is one that these objections allow; a log may hold any bits."""
    if objections:
        return same_reply(Refused(ERRNO[objections[0]]), reply)
    return isinstance(reply, Done | DirtyLog)


def is_whole(reply: Reply, npages: int) -> bool:
    """The reply is a bitmap of as many words as hold so many pages."""
    return isinstance(reply, DirtyLog) and len(reply.bitmap) == words_for(npages)


def given_pages(operation: ClearDirtyLog, npages: int) -> frozenset[int]:
    """The pages of a slot of `npages` whose bits the request gives."""
    return frozenset(
        operation.first_page + bit
        for bit in set_bits(operation.bitmap)
        if bit < operation.num_pages and operation.first_page + bit < npages
    )
