"""Slots, and ranges of host addresses that are cached from them."""

from __future__ import annotations

from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import InitHvaCache
from memslot_spec.model.replies import Refused, Translated
from memslot_spec.model.values import Errno, Gfn, Hva, Slot, table_of

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
B = Slot(1, Gfn(20), 4, Hva(0x20_0000))
OTHER = Slot(2, Gfn(16), 4, Hva(0x30_0000))
ONE, TWO, INSTEAD = table_of(A), table_of(A, B), table_of(OTHER)

EFAULT, EINVAL = Refused(Errno.EFAULT), Refused(Errno.EINVAL)
AT_17 = HvaRange(17 << PAGE_SHIFT, 16)
EDGE = HvaRange((20 << PAGE_SHIFT) - 8, 16)


def init(cached: HvaRange, cache: int = 0) -> InitHvaCache:
    return InitHvaCache(cache, cached.gpa, cached.length)


def at(*hvas: int) -> Translated:
    """The reply that these host bytes were met."""
    return Translated(hvas)
