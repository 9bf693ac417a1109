"""Shares of what a running kernel is asked: shapes, defects, edges, and logs.

As in the shares of what is drawn for targets, the seeds are fixed, and
`golden/kernel-shares.txt` wants half of what is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest

from golden_blocks import check_keys, check_shares
from kernel_draws import LOGS, asked
from memslot_conformance.targets.kvm.guards import REFUSED_NPAGES
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    Operation,
    SetRegion,
)
from memslot_spec.model.profile import LINUX, Limits
from memslot_spec.model.updates import change_of, objections
from memslot_spec.model.values import MemoryRegion, Slot, SlotTable

SHARES = Path(__file__).parent / "golden" / "kernel-shares.txt"

LIMITS = Limits(largest_gfn=(1 << 34) - 1, address_spaces=2, user_slots=509)
FOUR_GIB = 1 << 20
WORDS = frozenset({0, 1, 0b10, 0b1111, (1 << 64) - 1})

REQUESTS = 4_000

MANY = 20
"""Slots of a VM that has many."""


def of_request(table: SlotTable, request: MemoryRegion) -> Iterator[str]:
    """What a request does, what is wrong with it, and at which edge it lies."""
    change = change_of(table, request).name
    found = objections(table, request, LINUX, LIMITS)
    yield f"{change}, {'refused' if found else 'done'}"
    yield from (f"{change}: {objection.name}" for objection in found)
    yield f"wrong in {min(len(found), 4)}"
    yield f"address space {min(as_id_of(request.slot), 3)}"
    yield from odd_parts(request)
    if request.memory_size:
        yield from at_an_edge(table, request)
    elif any(slot.covers(request.base) for slot in table):
        yield "DELETE whose address is inside a slot"
    if len(table.slots) >= MANY:
        yield f"many slots: {change}"


def odd_parts(request: MemoryRegion) -> Iterator[str]:
    """Bits and bytes of a request that mean nothing, or too much."""
    yield f"gpa + {request.guest_phys_addr % PAGE_SIZE}"
    yield f"size + {request.memory_size % PAGE_SIZE}"
    yield f"hva + {request.userspace_addr % PAGE_SIZE}"
    yield from (f"flag bit {bit}" for bit in range(32) if request.flags >> bit & 1)
    bits = (bit for bit in range(47, 64) if request.userspace_addr >> bit & 1)
    yield from (f"hva bit {bit}" for bit in bits)
    slot_id = id_of(request.slot)
    if slot_id >= LIMITS.user_slots - 2:
        near = slot_id - LIMITS.user_slots
        yield f"id at the limit + {near}" if near < 8 else f"id {slot_id:#x}"
    if request.npages >= REFUSED_NPAGES:
        yield f"{request.npages:#x} pages"


def at_an_edge(table: SlotTable, request: MemoryRegion) -> Iterator[str]:
    """Where a range lies to the largest gfn, to 4 GiB, and to the slots."""
    base, end = request.base, request.base + request.npages
    over = LIMITS.largest_gfn + 1
    hva, hva_end = request.userspace_addr, request.userspace_addr + request.memory_size
    edges = {
        f"{request.npages} pages": request.npages <= 1024,
        "from gfn 0": base == 0,
        "up to 4 GiB": end == FOUR_GIB,
        "across 4 GiB": base < FOUR_GIB < end,
        "from 4 GiB": base == FOUR_GIB,
        "up to the largest gfn": end == over,
        "one page past the largest gfn": end == over + 1,
        "from past the largest gfn": base == over,
        "up to the last host page": hva_end == LIMITS.hva_end,
        "across the last host page": hva < LIMITS.hva_end < hva_end,
    }
    yield from (edge for edge, is_at_it in edges.items() if is_at_it)
    yield from chain.from_iterable(to_a_slot(slot, request) for slot in table)


def to_a_slot(slot: Slot, request: MemoryRegion) -> Iterator[str]:
    """How a range lies to a slot of its address space."""
    if slot.as_id != as_id_of(request.slot):
        return
    base, end = request.base, request.base + request.npages
    stop = slot.base + slot.npages
    meets = slot.meets(base, request.npages)
    if slot.id == id_of(request.slot):
        yield from ("moved over itself" for _ in range(meets and base != slot.base))
        return
    relations = {
        "from the end of a slot": base == stop,
        "up to the begin of a slot": end == slot.base,
        "at the host address of a slot": request.userspace_addr == slot.hva,
        "equal to a slot": (base, end) == (slot.base, stop),
        "around a slot": base < slot.base and stop < end,
        "inside a slot": slot.base < base and end < stop,
        "over the first page of a slot": meets and end == slot.base + 1,
        "over the last page of a slot": meets and base == stop - 1,
    }
    yield from (relation for relation, holds in relations.items() if holds)


def of_log(table: SlotTable, operation: Operation) -> Iterator[str]:
    """What a request about a log is aimed at."""
    yield type(operation).__name__
    match operation:
        case EnableManualProtect(options):
            yield f"EnableManualProtect {options:#x}"
        case GetDirtyLog(word) | ClearDirtyLog(slot=word):
            kind = type(operation).__name__
            slot = table.find(as_id_of(word), id_of(word))
            logs = slot is not None and slot.log_dirty
            yield f"{kind}: {'a log' if logs else 'no log' if slot else 'no slot'}"
        case _:
            pass
    if isinstance(operation, ClearDirtyLog):
        yield f"ClearDirtyLog from {operation.first_page:#x}"
        words = WORDS.intersection(operation.bitmap)
        yield from (f"ClearDirtyLog word {word:#x}" for word in words)


@pytest.mark.parametrize("seed", [11, 14])
def test_requests_are_of_every_shape_defect_and_edge(
    seed: int, *, write_golden: bool
) -> None:
    seen = Counter(
        what
        for draw, operation in asked(LIMITS, seed, REQUESTS)
        if isinstance(operation, SetRegion)
        for what in of_request(draw.table, operation.region)
    )
    check_shares(SHARES, f"requests of seed {seed}", seen, write=write_golden)


def test_logs_are_asked_for_where_there_are_some(*, write_golden: bool) -> None:
    seen = Counter(
        what
        for draw, operation in asked(LIMITS, 13, REQUESTS, LOGS)
        for what in of_log(draw.table, operation)
    )
    check_shares(SHARES, "logs", seen, write=write_golden)


def test_the_pinned_shares_are_of_what_is_asked(*, write_golden: bool) -> None:
    keys = ("requests of seed 11", "requests of seed 14", "logs")
    check_keys(SHARES, keys, write=write_golden)
