"""What a cached host address may answer, and which tables explain an answer.

An answer is that of an uncached walk over the range. A cache stands for a range of
guest bytes, all of which must be backed for writing; a use accesses a part of it,
page by page.

Source: `__kvm_gfn_to_hva_cache_init`, `kvm_write_guest_offset_cached`,
`kvm_read_guest_offset_cached`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from memslot_spec.arithmetic.byte_ranges import (
    frames_of,
    frames_wrap,
    offset_in,
    range_wraps,
)
from memslot_spec.model.operations import InitHvaCache, UseHvaCache
from memslot_spec.model.readers import gfn_to_hva, gfn_to_memslot
from memslot_spec.model.replies import Done, Refused, Reply, Translated, same_reply
from memslot_spec.model.values import Errno, Slot, SlotTable


@dataclass(frozen=True, slots=True)
class HvaRange:
    """The guest bytes that a cache was initialised with."""

    gpa: int
    length: int

    @property
    def wraps(self) -> bool:
        """Its last byte is below its first."""
        return range_wraps(self.gpa, self.length)

    @property
    def is_backwards(self) -> bool:
        """Its last frame is below its first: so KVM tells that a range wraps."""
        return frames_wrap(self.gpa, self.length)

    def holds(self, use: UseHvaCache) -> bool:
        """The part that is used lies inside."""
        return use.offset + use.length <= self.length

    def part(self, use: UseHvaCache) -> HvaRange:
        """The bytes that are used."""
        return HvaRange(self.gpa + use.offset, use.length)


def slots_under(table: SlotTable, cached: HvaRange) -> tuple[Slot, ...] | None:
    """The slots of a range in the order of its pages; None if a page has none.

    INVALID and READONLY slots are none: a cache is for reading and writing.
    """
    first, count = frames_of(cached.gpa, cached.length)
    gfn, slots = first, list[Slot]()
    while gfn < first + count:
        slot = gfn_to_memslot(table, gfn)
        if slot is None or slot.invalid or slot.readonly:
            return None
        slots.append(slot)
        gfn = slot.base + slot.npages
    return tuple(slots)


def backs(table: SlotTable, cached: HvaRange) -> bool:
    """Every page of the range has a host address for writing."""
    return not cached.wraps and slots_under(table, cached) is not None


def init_replies(table: SlotTable, init: InitHvaCache) -> tuple[Reply, ...] | None:
    """What resolving a range may answer; None where anything may be.

    What becomes of a range of no bytes depends on how its end is computed. One that
    wraps round to the frame where it began is one page to who compares frames, and
    backwards to who compares bytes.
    """
    cached = HvaRange(init.gpa, init.length)
    if init.length == 0:
        return None
    if cached.is_backwards:
        return (Refused(Errno.EINVAL),)
    if cached.wraps:
        return (Refused(Errno.EINVAL), Done(), Refused(Errno.EFAULT))
    return (Done(),) if backs(table, cached) else (Refused(Errno.EFAULT),)


def use_replies(
    table: SlotTable, cached: HvaRange, use: UseHvaCache
) -> tuple[Reply, ...]:
    """What a use of a cache may answer on this table.

    The refusals are not ordered among themselves.
    """
    refusals: list[Reply] = []
    if not cached.holds(use):
        refusals.append(Refused(Errno.EINVAL))
    if not backs(table, cached):
        refusals.append(Refused(Errno.EFAULT))
    if refusals:
        return tuple(refusals)
    part = cached.part(use)
    met = (_met(table, part, gfn) for gfn in _frames(part))
    return (Translated(tuple(hva for hva in met if hva is not None)),)


def _frames(part: HvaRange) -> range:
    first, count = frames_of(part.gpa, part.length)
    return range(first, first + count)


def _met(table: SlotTable, part: HvaRange, gfn: int) -> int | None:
    """The host byte at which a part meets a page; None where nothing backs it."""
    hva = gfn_to_hva(table, gfn)
    return None if hva is None else hva + offset_in(part.gpa, gfn)


def init_explained(table: SlotTable, init: InitHvaCache, reply: Reply) -> bool:
    """The table explains how a range was resolved."""
    allowed = init_replies(table, init)
    return allowed is None or any(same_reply(one, reply) for one in allowed)


def use_explained(
    tables: Iterable[SlotTable],
    cached: HvaRange | None,
    use: UseHvaCache,
    reply: Reply,
) -> bool:
    """Some table explains the reply, or each of its pages is explained by one.

    Without a range nothing is known of the cache, and the reply is explained.
    """
    if cached is None:
        return True
    known = tuple(tables)
    if any(
        same_reply(allowed, reply)
        for table in known
        for allowed in use_replies(table, cached, use)
    ):
        return True
    return is_resolved_by_page(cached) and _pages_explained(known, cached, use, reply)


def is_resolved_by_page(cached: HvaRange) -> bool:
    """A range of several pages has no one address: each use translates its own."""
    return frames_of(cached.gpa, cached.length)[1] > 1


def _pages_explained(
    tables: tuple[SlotTable, ...], cached: HvaRange, use: UseHvaCache, reply: Reply
) -> bool:
    """Each page that was reached is explained by one of the tables.

    A use of several pages translates each by itself, and may load the table anew
    for it.
    """
    part = cached.part(use)
    if not isinstance(reply, Translated) or not cached.holds(use) or cached.wraps:
        return False
    frames = _frames(part)
    return len(reply.hvas) == len(frames) and all(
        any(_met(table, part, gfn) == hva for table in tables)
        for gfn, hva in zip(frames, reply.hvas, strict=True)
    )
