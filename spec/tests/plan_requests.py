"""Requests, tables and outcomes in a notation as short as rows of a plan need."""

from __future__ import annotations

from memslot_spec.model.plan import Outcome
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.values import (
    Errno,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
    SlotTable,
    table_of,
)

LIMITS = Limits(
    largest_gfn=0xFFF, address_spaces=2, hva_end=Hva(0x8000_0000), user_slots=4
)
U64 = 1 << 64
BIT_16 = 1 << 16
"""INVALID inside today's kernel; never a flag of a request."""

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
B = Slot(1, Gfn(32), 8, Hva(0x20_0000), log_dirty=True)
A_GOING = Slot(0, Gfn(16), 4, Hva(0x10_0000), invalid=True)
B_GOING = Slot(1, Gfn(32), 8, Hva(0x20_0000), log_dirty=True, invalid=True)
A_LOGGED = Slot(0, Gfn(16), 4, Hva(0x10_0000), log_dirty=True)
READONLY = Slot(2, Gfn(64), 1, Hva(0x30_0000), readonly=True)
PRIVATE = Slot(4, Gfn(80), 1, Hva(0x40_0000))
OTHER_SPACE = Slot(0, Gfn(16), 4, Hva(0x50_0000), as_id=1)
TWO = table_of(A, B)
ONE = table_of(A)

EINVAL = Outcome(Refused(Errno.EINVAL))
EEXIST = Outcome(Refused(Errno.EEXIST))
ENOMEM = Outcome(Refused(Errno.ENOMEM))
DONE = Outcome(Done())


def done(*versions: SlotTable) -> Outcome:
    """Success, and what was published before it."""
    return Outcome(Done(), versions)


def undone(errno: Errno, *versions: SlotTable) -> Outcome:
    """A refusal after something had been published already."""
    return Outcome(Refused(errno), versions)


def ask(
    slot: int,
    gfn: int,
    npages: int,
    hva: int,
    flags: int = 0,
    *,
    off: int = 0,
) -> MemoryRegion:
    """A request in pages, the guest address `off` bytes past its page."""
    return MemoryRegion(slot, (gfn << 12) + off, npages << 12, hva, flags)


Row = tuple[str, SlotTable, MemoryRegion, tuple[Outcome, ...]]

NEW = ask(2, 40, 2, 0x60_0000)
NEW_SLOT = Slot(2, Gfn(40), 2, Hva(0x60_0000))
WITH_NEW = table_of(A, B, NEW_SLOT)
