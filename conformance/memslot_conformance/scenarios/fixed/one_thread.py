"""Scenarios of slots without a race: what one thread can already get wrong."""

from __future__ import annotations

from memslot_conformance.scenarios.fixed.slots import (
    HUGE,
    LOOKUPS,
    READ_17,
    S0,
    S1,
    WRITE_18,
)
from memslot_conformance.scenarios.notation import FixedRace, delete, private, put, race
from memslot_conformance.scenarios.scenario import Operations
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AgeHva,
    AllocateRoot,
    CountRmaps,
    DestroyVm,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    ReleaseNotifier,
    SetRegion,
    TssBase,
    UnmapHva,
)
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure, MemoryRegion

ABOVE: Operations = (
    GfnToMemslot(24),
    GfnToHva(24),
    IsVisibleGfn(24),
    MemslotId(24),
)
TAG = 0xB4 << 56
"""A tag in the byte of a host address that some processors ignore."""

ENDING: Operations = (CountRmaps(), Halt(), ReleaseNotifier(), DestroyVm())


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """Scenarios without a race: what one thread can already get wrong."""
    top = header.limits.user_slots
    return (
        race(
            "create, look up, delete", (S0, S1, *LOOKUPS, *ABOVE, delete(0), *LOOKUPS)
        ),
        race(
            "create, access, delete, end",
            (S0, READ_17, WRITE_18, AgeHva(0x1001 << 12), delete(0), READ_17, *ENDING),
        ),
        race("empty table", (*LOOKUPS, READ_17, AllocateRoot(17), CountRmaps())),
        race(
            "one shadow page for two slots",
            (
                S0,
                S1,
                READ_17,
                GuestAccess(21),
                GuestAccess(17, write=False, direct=False, root=1),
                GuestAccess(21, write=False, direct=False, root=1),
                CountRmaps(),
                delete(1),
                GuestAccess(21),
                CountRmaps(),
                *ENDING,
            ),
        ),
        race(
            "huge pages at an odd base",
            (
                HUGE,
                GuestAccess(0x201, write=True),
                GuestAccess(0x101),
                UnmapHva(0x1201 << 12),
                GuestAccess(0x201),
                CountRmaps(),
                delete(0),
                GuestAccess(0x201),
            ),
        ),
        race(
            "several slots on one host page, and host page 0",
            (
                put(0, 16, 4, 0),
                put(1, 32, 4, 0),
                READ_17,
                GuestAccess(16),
                GuestAccess(32),
                UnmapHva(0),
                AgeHva(0),
                GuestAccess(16),
                UnmapHva(0xFFF),
                GuestAccess(33),
                CountRmaps(),
            ),
        ),
        race(
            "requests that fail on their way",
            (
                S0,
                READ_17,
                delete(0, failure=Failure.PREPARE),
                *LOOKUPS,
                delete(0, failure=Failure.ALLOCATE),
                READ_17,
                put(0, 32, 4, 0x1000, failure=Failure.PREPARE),
                READ_17,
                put(1, 20, 4, 0x2000, failure=Failure.ALLOCATE),
                *LOOKUPS,
                put(0, header.domain.largest_gfn, 4, 0x1000),
                *LOOKUPS,
                put(1, 20, 4, 0x2000, LOG_DIRTY_PAGES, failure=Failure.PREPARE),
                DestroyVm(),
            ),
        ),
        race(
            "creates that fail, and the end",
            (
                put(0, 16, 4, 0x1000, failure=Failure.PREPARE),
                put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES, failure=Failure.ALLOCATE),
                DestroyVm(),
            ),
        ),
        race(
            "moves",
            (
                S0,
                READ_17,
                put(0, 18, 4, 0x1000),
                READ_17,
                GuestAccess(19),
                put(0, 0x300, 4, 0x1000, LOG_DIRTY_PAGES),
                GuestAccess(0x301),
                *LOOKUPS,
            ),
        ),
        race(
            "flags and no-op",
            (
                S0,
                S0,
                put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES),
                put(0, 16, 4, 0x1000, BIT_1),
                put(2, 64, 4, 0x1000, BIT_1),
                GfnToHva(65),
                GuestAccess(65, write=True),
                put(3, 96, 4, 0x1000, 1 << 16),
                GfnToHva(97),
                *LOOKUPS,
            ),
        ),
        race(
            "sizes and addresses of a live slot",
            (
                S0,
                put(0, 16, 8, 0x1000),
                put(0, 16, 4, 0x3000),
                GfnToHva(17),
                put(0, 32, 4, 0x3000),
                put(0, 32, 2, 0x1000),
                *LOOKUPS,
            ),
        ),
        race(
            "overlaps and neighbours",
            (
                S0,
                put(1, 16, 4, 0x2000),
                put(1, 19, 1, 0x2000),
                put(1, 12, 12, 0x2000),
                put(1, 17, 1, 0x2000),
                put(1, 12, 4, 0x2000),
                S1,
                put(2, 20, 2, 0x2000),
                put(1, 16, 4, 0x2000),
                put(2, 64, 4, 0x2000),
                put(2, 18, 4, 0x2000),
                put(0, 14, 4, 0x1000),
                put(2, 20, 8, 0x2000),
                put(0, 20, 4, 0x3000),
                delete(2, gfn=15),
                delete(2, gfn=64),
                delete(2),
                delete(3),
            ),
        ),
        race(
            "private slots",
            (
                private(top, 64, 1, 0x2000),
                IsVisibleGfn(64),
                MemslotId(64),
                GuestAccess(64),
                put(0, 62, 4, 0x1000),
                GfnToHva(64),
                GuestAccess(63),
                MmuPages(),
            ),
        ),
        race(
            "a user slot over a private one that is mapped",
            (
                private(top, 0x300, 4, 0x1B00),
                GuestAccess(0x301),
                put(1, 0, 0x400, 0x1000),
                delete(1),
                CountRmaps(),
            ),
        ),
        race("beyond the guest and over a slot", _beyond(header)),
        race("a deleted slot 0", (S0, delete(0, gfn=64), TssBase(), MmuPages())),
        race("many pages", (put(0, 0, 300_000_000, 0), MmuPages(), delete(0))),
        race(
            "malformed requests",
            (
                S0,
                *(SetRegion(region) for region in _malformed(top, header)),
                *LOOKUPS,
            ),
        ),
    )


def _beyond(header: Header) -> Operations:
    """A slot at the end of guest memory, and requests that go past it."""
    last = header.limits.largest_gfn
    if last > header.domain.largest_gfn:
        return (S0,)
    return (put(0, last - 3, 4, 0x1000), put(1, last - 1, 4, 0x2000), S1, *LOOKUPS)


def _malformed(top: int, header: Header) -> tuple[MemoryRegion, ...]:
    """Requests that are wrong whatever the table, a delete among them."""
    page, size = 0x10000, 0x4000
    spaces = header.limits.address_spaces << 16
    hva_end = header.limits.hva_end
    return (
        MemoryRegion(1, 20 * 4096 + 1, size, page),
        MemoryRegion(1, 64 * 4096, size + 512, page),
        MemoryRegion(0, 17, 0, 0),
        MemoryRegion(1, 64 * 4096, size, page + 1),
        MemoryRegion(1, (1 << 64) - 4096, size, page),
        MemoryRegion(1, (1 << 64) - 4096, 4096, page),
        MemoryRegion(top, 64 * 4096, size, page),
        MemoryRegion(1 | spaces, 64 * 4096, size, page),
        MemoryRegion(1, 64 * 4096, size, page, 1 << 5),
        MemoryRegion(1, 64 * 4096, 1 << 43, page),
        MemoryRegion(1, 64 * 4096, size, hva_end),
        MemoryRegion(1, 16 * 4096 + 8, size, page, 1 << 5),
        MemoryRegion(1, 16 * 4096, size, page + 8),
        MemoryRegion(1, 64 * 4096, size, TAG | page),
        MemoryRegion(1, 64 * 4096, 1 << 32, hva_end - size),
    )
