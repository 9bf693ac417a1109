"""One thing wrong with a request, whatever the request.

A *defect* takes a request and spoils one field. Since every check but those on
a live slot runs for deletes too, a defect is worth as much on a delete as on a
create; since every EINVAL wins over EEXIST, most of all on an overlap.

Source: the checks of `__kvm_set_memory_region`, and of the arch hook for `beyond`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from memslot_conformance.scenarios.drawn.numbers import edge_of_machine, longer
from memslot_conformance.scenarios.drawn.shapes import at
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import EVEN, VAST_RANGE
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.arithmetic.slot_word import SLOT_IDS, as_id_of, id_of, pack
from memslot_spec.model.values import MemoryRegion

Defect = Callable[[Situation, MemoryRegion], MemoryRegion]

_HIGH_FLAG_BITS = (3, 4, 15, 16, 17, 31)
"""Bits 16 and 17 are what the kernel keeps for itself, INVALID first."""

_OFFSETS = (1, 1, 8, 512, 2048, PAGE_SIZE - 1, PAGE_SIZE - 1)
"""Bytes past a page boundary."""


def misaligned_gpa(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A guest address inside a page."""
    gpa = request.guest_phys_addr | draw.rng.choice(_OFFSETS)
    return replace(request, guest_phys_addr=gpa)


def misaligned_size(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A size that ends inside a page; of a delete, a size below one page."""
    size = request.memory_size | draw.rng.choice(_OFFSETS)
    return replace(request, memory_size=size)


def misaligned_hva(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A host address inside a page."""
    hva = request.userspace_addr | draw.rng.choice(_OFFSETS)
    return replace(request, userspace_addr=hva)


def wrapping(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A range that ends at 2^64 or past it; of no pages, it only comes close."""
    past = draw.rng.choice((0, 0, draw.rng.below(max(1, request.npages))))
    gpa = U64 - ((max(1, request.npages) - past) << PAGE_SHIFT)
    return replace(request, guest_phys_addr=gpa)


def id_over(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """An id at the limit or over it; the first few are the kernel's own."""
    limit = draw.limits.user_slots
    over = (limit, limit, limit + 1, limit + 2, limit + 3, 0x7FFF, 0xFFFF)
    cut = longer(draw.rng, id_of(request.slot), SLOT_IDS - 1)
    ids = [i for i in (*over, cut, cut) if limit <= i < SLOT_IDS]
    if not ids:
        return request
    word = pack(as_id_of(request.slot), draw.rng.choice(ids))
    return replace(request, slot=word)


def as_id_over(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """An address space at the count or over it."""
    count = draw.limits.address_spaces
    cut = longer(draw.rng, as_id_of(request.slot), 0xFFFF)
    over = [i for i in (count, count, count + 1, 0xFFFF, cut) if i >= count]
    word = pack(draw.rng.choice(over), id_of(request.slot))
    return replace(request, slot=word)


def unknown_flag(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A flag bit that means nothing to this request.

    The first is bit 1 in 2009, INVALID as a slot keeps it; today it is bit 2,
    `KVM_MEM_GUEST_MEMFD`, which only the second form of the request has.
    """
    first = draw.profile.known_flags.bit_length()
    bit = draw.rng.choice((first, first, first, *_HIGH_FLAG_BITS))
    return replace(request, flags=request.flags | 1 << bit)


def too_many_pages(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """One page more than a slot may have, or many more.

    Never fewer, and of real memory never alone: put over a slot, with a host range
    that is in order, the request would be EEXIST to a target without the check,
    before it allocates anything. Where the domain bounds the size of a slot and says
    nothing of memory, the request is left as it is.
    """
    most, is_real = draw.profile.max_pages, draw.backing is not None
    if most is None or (draw.header.domain.largest_slot is not None and not is_real):
        return request
    sizes = (
        (most + 1) << PAGE_SHIFT,
        (most + 1) << PAGE_SHIFT,
        (most + 2) << PAGE_SHIFT,
        1 << 63,
        U64 - PAGE_SIZE,
    )
    big = replace(request, memory_size=draw.rng.choice(sizes))
    if not is_real and draw.rng.chance(EVEN):
        return big
    as_id = as_id_of(request.slot)
    covered = [slot for slot in draw.table if slot.as_id == as_id]
    if not covered:
        return replace(big, userspace_addr=draw.limits.hva_end)
    return replace(at(big, draw.rng.choice(covered).base), userspace_addr=PAGE_SIZE)


def bad_hva(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A host address that is tagged, the kernel's, past the end, or wrapping.

    Of a vast range now and then, for where it ends may be told from some bits of its
    size alone.
    """
    if draw.backing is None and request.npages and draw.rng.chance(VAST_RANGE):
        npages = vast_size(draw)
        request = at(request, draw.base(npages))
        request = replace(request, memory_size=npages << PAGE_SHIFT)
    hva, end = request.userspace_addr, draw.limits.hva_end
    one_page = max(0, end - request.memory_size + PAGE_SIZE)
    straddles = end - (draw.rng.below(min(64, request.npages) or 1) << PAGE_SHIFT)
    hvas = (
        hva | 1 << 62,
        hva | 1 << 63,
        hva | 0x7F << 57,
        one_page,
        one_page,
        straddles,
        end + PAGE_SIZE,
        1 << 56,
        0xFFFF_8880_0000_0000,
        U64 - PAGE_SIZE,
    )
    drawn = draw.rng.choice(hvas)
    if not draw.profile.checks_hva:
        # The slot comes to be: addresses that wrap in it are numbers of no process.
        drawn = max(0, min(drawn, U64 - request.memory_size))
    return replace(request, userspace_addr=drawn)


def vast_size(draw: Situation) -> int:
    """Pages of a slot as large as may be, or of a power of two."""
    most = draw.largest_slot
    npages = draw.rng.choice((most, edge_of_machine(draw.rng, most)))
    grain = draw.header.domain.page_granule
    return max(npages // grain, 1) * grain


def beyond(draw: Situation, request: MemoryRegion) -> MemoryRegion:
    """A range that ends above the largest gfn, or lies above it whole.

    Only where the profile refuses it: else it would be outside the domain.
    """
    if not draw.profile.strict_flags:
        return request
    first = draw.limits.largest_gfn + 1
    inside = draw.rng.below(max(1, request.npages))
    last_base = (U64 >> PAGE_SHIFT) - request.npages - 1
    one_page = first - request.npages + 1
    bases = (one_page, one_page, first - inside, first, 2 * first, last_base)
    base = draw.rng.choice(bases)
    return at(request, base)
