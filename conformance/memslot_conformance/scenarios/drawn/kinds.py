"""How the operations are drawn that need more than a frame or a host address.

Each function gets the header, a frame and a host byte address that the palette
drew, and makes one operation of its kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from memslot_spec.arithmetic.bitmaps import words_for
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GfnToHvaProt,
    InitHvaCache,
    InvalidateRange,
    Operation,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

Draw = Callable[[Random, Header, int, int], Operation]

LARGE_SLOT = 2 * PAGES_PER_HUGE_PAGE
"""Pages of the largest slot that a palette draws and that may log."""

OWNERS = (2, 2, 2, 3)
"""Caches and vCPUs by number; a race gives each of its threads those of its own
number, and the readers of a race are threads 2 and 3."""


def word(rng: Random, header: Header) -> int:
    """The word of a slot, nearly always one that a request can have made."""
    if rng.random() < 0.05:  # noqa: PLR2004 - seldom
        return header.limits.user_slots + rng.choice((0, 1 << 16))
    spaces = min(header.limits.address_spaces, 2)
    return rng.randrange(header.domain.slots) | rng.randrange(spaces) << 16


def _get_dirty_log(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del gfn, hva
    return GetDirtyLog(word(rng, header))


def _clear_dirty_log(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del gfn, hva
    first = rng.choice((0, 0, 0, 0, 64, 128, 1, 1 << 20))
    to_the_end = max(LARGE_SLOT - first, 0)
    count = rng.choice((1, 2, 4, 4, 64, 128, LARGE_SLOT, to_the_end))
    words = tuple(
        rng.choice((0, 1, 0b10, 0b1111, (1 << 64) - 1)) for _ in range(words_for(count))
    )
    return ClearDirtyLog(word(rng, header), first, count, words)


def _enable_manual_protect(
    rng: Random, header: Header, gfn: int, hva: int
) -> Operation:
    del header, gfn, hva
    return EnableManualProtect(rng.choice((0, 1, 1, 3, 3, 2, 4)))


def _gfn_to_hva_prot(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del header, hva
    return GfnToHvaProt(gfn, write=rng.random() < 0.5)  # noqa: PLR2004 - a fair coin


def _vcpu_gfn_to_memslot(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del header, hva
    return VcpuGfnToMemslot(rng.choice(OWNERS), gfn)


def _init_hva_cache(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del header, hva
    gpa = (gfn << PAGE_SHIFT) + rng.choice((0, 0, 8, PAGE_SIZE - 8))
    length = rng.choice((8, 8, 16, PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, 1 << 63, 0))
    if rng.random() < 0.05:  # noqa: PLR2004 - seldom
        gpa, length = U64 - 8, rng.choice((8, 16, 2 * PAGE_SIZE))
    return InitHvaCache(rng.choice(OWNERS), gpa, length)


def _use_hva_cache(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del header, gfn, hva
    offset = rng.choice((0, 0, 0, 8, PAGE_SIZE))
    write = rng.random() < 0.5  # noqa: PLR2004 - a fair coin
    return UseHvaCache(rng.choice(OWNERS), offset, 8, write)


def _invalidate_range(rng: Random, header: Header, gfn: int, hva: int) -> Operation:
    del header, gfn
    length = rng.choice((0, 1, PAGE_SIZE, PAGE_SIZE, 3 * PAGE_SIZE, 1 << 21))
    return InvalidateRange(hva, hva + length)


DRAWN: Mapping[str, Draw] = {
    "GetDirtyLog": _get_dirty_log,
    "ClearDirtyLog": _clear_dirty_log,
    "EnableManualProtect": _enable_manual_protect,
    "GfnToHvaProt": _gfn_to_hva_prot,
    "VcpuGfnToMemslot": _vcpu_gfn_to_memslot,
    "InitHvaCache": _init_hva_cache,
    "UseHvaCache": _use_hva_cache,
    "InvalidateRange": _invalidate_range,
}
"""How each of these kinds is drawn."""
