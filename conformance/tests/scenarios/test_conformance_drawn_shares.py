"""Shares of what is drawn: every kind, edge, objection and aim, often enough.

What is drawn never is tested never, and no verdict shows it. The seeds are fixed,
so the counts are too; `golden/shares.txt` wants half of each. After a change to the
draws that is meant, `make golden` writes it anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from random import Random

import pytest

from golden_blocks import check_keys, check_shares, read_blocks
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.requests import LAST_OF_ALL, palette_of
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    ClearDirtyLog,
    GetDirtyLog,
    InitHvaCache,
    InvalidateRange,
    Operation,
    SetRegion,
)
from memslot_spec.model.plan import plan
from memslot_spec.model.profile import profile_named
from memslot_spec.model.updates import Objection, change_of, objections
from memslot_spec.model.values import EMPTY, MemoryRegion, Slot, SlotTable

SHARES = Path(__file__).parent / "golden" / "shares.txt"

HEADERS = {name: resolve(name).header for name in ("reference", "reference-linux")}

REQUESTS, OPERATIONS, RACES = 4_000, 6_000, 1_000

SELDOM = frozenset({Objection.READONLY_CHANGED})
"""What no palette draws but by chance: the fixed scenarios have it."""

every_target = pytest.mark.parametrize("target", HEADERS)


def of_region(header: Header, region: MemoryRegion, table: SlotTable) -> Iterator[str]:
    """What a request of user space is, and what is wrong with it."""
    found = objections(table, region, profile_named(header.profile), header.limits)
    yield from (objection.name for objection in found)
    yield change_of(table, region).name
    yield f"wrong in {len(found)}" if found else "sound"
    yield f"address space {as_id_of(region.slot)}"
    if found:
        return
    yield f"slot {id_of(region.slot)}"
    yield f"{region.npages} pages"
    yield f"base {region.base:#x}"
    yield f"flags {region.flags:#x}"
    page = region.userspace_addr >> PAGE_SHIFT
    yield f"host page {page:#x}" if page < region.base else "host page beyond the base"
    yield (
        "host in step" if page in {region.base, region.base + 0x1000} else "out of step"
    )


def of_request(header: Header, request: SetRegion, table: SlotTable) -> Iterator[str]:
    """What a request is: the kernel's own, made to fail, odd or sound."""
    if request.private:
        yield f"private slot {request.region.slot - header.limits.user_slots}"
        return
    if request.failure:
        yield f"fails {request.failure.name}"
    yield from of_region(header, request.region, table)


def of_operation(operation: Operation) -> Iterator[str]:
    """What an operation is about: its kind, and small or odd values of its parts."""
    kind = type(operation).__name__
    yield kind
    for part in fields(operation):
        value = getattr(operation, part.name)
        if part.name in {"gfn", "gpa", "hva", "start", "end"}:
            if part.name in {"gpa", "hva"}:
                yield f"{kind} {part.name} + {value % PAGE_SIZE}"
        elif part.name == "bitmap":
            yield from (f"{kind} word {word:#x}" for word in sorted(set(value)))
        else:
            yield f"{kind} {part.name} {value}"
    if isinstance(operation, InvalidateRange):
        yield f"{kind} of {operation.end - operation.start} bytes"


def where(slot: Slot, gfn: int) -> str | None:
    """Which frame of a slot it is; None far from it."""
    last = slot.base + slot.npages - 1
    places = {
        slot.base - 1: "before",
        last + 1: "next after",
        slot.base + 1: "second",
        slot.base + slot.npages // 2: "middle",
        last: "last",
        slot.base: "first",
    }
    inside = "inside" if slot.base < gfn < last else None
    return places.get(gfn, inside)


def at_slots(operation: Operation, table: SlotTable) -> Iterator[str]:
    """Where an operation meets the slots that are there."""
    kind = type(operation).__name__
    gfn: int | None = getattr(operation, "gfn", None)
    if isinstance(operation, InitHvaCache):
        gfn = operation.gpa >> PAGE_SHIFT
    hva: int | None = getattr(operation, "hva", None)
    places = {
        place for slot in table if gfn is not None and (place := where(slot, gfn))
    }
    if hva is not None:
        places = {
            place
            for slot in table
            if (place := where(slot, slot.base + (hva - slot.hva >> PAGE_SHIFT)))
        }
    if isinstance(operation, GetDirtyLog | ClearDirtyLog):
        places = set(at_a_log(operation, table))
    if isinstance(operation, InvalidateRange):
        places = {place for slot in table for place in at_a_range(operation, slot)}
    if isinstance(operation, InitHvaCache):
        places |= {"reaches past a slot" for slot in table if crosses(operation, slot)}
    yield from (f"{kind}: {place}" for place in sorted(places))
    yield f"{kind}: {'aimed' if places else 'anywhere'}"


def crosses(init: InitHvaCache, slot: Slot) -> bool:
    """It begins in the slot and ends after it."""
    first, last = init.gpa >> PAGE_SHIFT, init.gpa + init.length - 1 >> PAGE_SHIFT
    return slot.covers(first) and not slot.covers(last)


def at_a_log(asked: GetDirtyLog | ClearDirtyLog, table: SlotTable) -> Iterator[str]:
    """Which slot is asked for its log, and what of it is cleared."""
    slot = table.find(as_id_of(asked.slot), id_of(asked.slot))
    if slot is None:
        return
    yield "a slot that logs" if slot.log_dirty else "a slot without a log"
    if isinstance(asked, ClearDirtyLog):
        end = asked.first_page + asked.num_pages
        yield f"from {asked.first_page}" if asked.first_page < 128 else "from farther"
        yield {0: "to the end", 1: "one too many", -1: "one short"}.get(
            end - slot.npages, "to elsewhere"
        )


def at_a_range(opened: InvalidateRange, slot: Slot) -> Iterator[str]:
    """How a range of host memory lies to the one of a slot."""
    first, stop = slot.hva, slot.hva + (slot.npages << PAGE_SHIFT)
    if opened.end <= first or opened.start >= stop:
        return
    yield "begins before" if opened.start < first else "begins inside"
    yield "ends after" if opened.end > stop else "ends inside"
    edges = {
        "one byte": opened.end - opened.start == 1,
        "inside a page": opened.start % PAGE_SIZE != 0,
        "from the first byte": opened.start == first,
        "from the last byte": opened.start == stop - 1,
        "to the last byte": opened.end == stop,
    }
    yield from (edge for edge, is_at_it in edges.items() if is_at_it)


def left_by(
    header: Header, prefix: Operations
) -> Iterator[tuple[SetRegion, SlotTable]]:
    """The requests of a prefix, each with the table that it meets."""
    table = EMPTY
    for operation in prefix:
        if not isinstance(operation, SetRegion):
            continue
        yield operation, table
        outcomes = plan(
            table,
            operation.region,
            profile_named(header.profile),
            header.limits,
            private=operation.private,
            failure=operation.failure,
        )
        last = outcomes[-1] if operation.failure is not None else outcomes[0]
        table = last.leaves(table)
    yield SetRegion(MemoryRegion(0, 0, 0, 0)), table


def of_race(header: Header, scenario: Scenario) -> Iterator[str]:
    """What a scenario has: threads, operations on each, and whom they meet."""
    yield f"{len(scenario.prefix)} before"
    yield f"{len(scenario.after)} after"
    yield f"{len(scenario.threads)} threads"
    yield f"first thread: {type(scenario.threads[0][0]).__name__}"
    yield from (f"{len(thread)} on a thread" for thread in scenario.threads)
    yield from (f"before: {type(operation).__name__}" for operation in scenario.prefix)
    *asked, (_, table) = left_by(header, scenario.prefix)
    yield f"{min(len(table.slots), 4)} slots"
    for request, met in asked:
        yield from (f"prefix: {what}" for what in of_request(header, request, met))
    for thread in scenario.threads:
        for operation in thread:
            yield f"race: {type(operation).__name__}"
            if isinstance(operation, SetRegion):
                found = of_request(header, operation, table)
                yield from (f"race: {what}" for what in found)
            elif table.slots:
                yield from (f"race: {what}" for what in at_slots(operation, table))
    for operation in scenario.after:
        yield f"after: {type(operation).__name__}"


@every_target
def test_requests_are_odd_in_every_way_and_sound(
    target: str, *, write_golden: bool
) -> None:
    header, rng = HEADERS[target], Random(1)
    palette, seen = palette_of(header), Counter[str]()
    for _ in range(REQUESTS):
        seen.update(of_request(header, palette.draw_request(rng), EMPTY))
    check_shares(SHARES, f"{target}: requests", seen, write=write_golden)


@every_target
def test_operations_are_of_every_kind_and_at_their_edges(
    target: str, *, write_golden: bool
) -> None:
    header, rng = HEADERS[target], Random(2)
    palette, seen = palette_of(header), Counter[str]()
    for _ in range(OPERATIONS):
        operation = palette.draw(rng)
        if not isinstance(operation, SetRegion):
            seen.update(of_operation(operation))
    check_shares(SHARES, f"{target}: operations", seen, write=write_golden)


@every_target
def test_races_meet_the_slots_that_are_there(
    target: str, *, write_golden: bool
) -> None:
    header, rng = HEADERS[target], Random(3)
    palette, seen = palette_of(header), Counter[str]()
    for _ in range(RACES):
        seen.update(of_race(header, Drawing(palette, rng).scenario()))
    check_shares(SHARES, f"{target}: races", seen, write=write_golden)


def test_the_pinned_shares_are_of_what_is_drawn(*, write_golden: bool) -> None:
    drawn = ("requests", "operations", "races")
    keys = [f"{target}: {what}" for what in drawn for target in HEADERS]
    check_keys(SHARES, keys, write=write_golden)


def test_every_objection_and_every_kind_is_pinned() -> None:
    blocks = read_blocks(SHARES)
    pinned = {
        line.split(maxsplit=1)[1].removeprefix("prefix: ").removeprefix("race: ")
        for block in blocks.values()
        for line in block.splitlines()
    }
    assert {objection.name for objection in set(Objection) - SELDOM} <= pinned
    for target, header in HEADERS.items():
        kinds = set(header.capabilities.operations) - {LAST_OF_ALL}
        races = {line.split()[-1] for line in blocks[f"{target}: races"].splitlines()}
        assert kinds <= races, target
