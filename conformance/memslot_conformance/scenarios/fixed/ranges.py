"""Scenarios of tables by ranges: what each rule forbids, replacements, and logs."""

from __future__ import annotations

from memslot_conformance.scenarios.notation import FixedRace, race
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    GfnToHva,
    GuestAccess,
    IsVisibleGfn,
    Operation,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.range_rules import BY_IDS, RangeRules, Removal
from memslot_spec.model.values import MemoryRange

GRAINS = 4
"""Granules of the ranges here."""


class Ranges:
    """Ranges of a target: in its granules, on its frames, with its rules."""

    def __init__(self, header: Header) -> None:
        self.rules: RangeRules = header.domain.ranges or BY_IDS
        self.grain = header.domain.page_granule
        self.base = 4 * GRAINS * self.grain
        self.npages = GRAINS * self.grain
        self.first = self.range(0, 0x1000)
        self.moved = self.range(0, 0x3000)
        self.second = self.range(1, 0x2000)
        self.far = self.range(4, 0x4000)
        self.over = MemoryRange(self.base + self.grain, self.npages, 0x5000 << 12)

    def range(self, number: int, host_page: int) -> MemoryRange:
        """The range at the so many-eth place, with memory from a host page on."""
        gfn = self.base + number * self.npages
        return MemoryRange(gfn, self.npages, host_page * self.grain << PAGE_SHIFT)

    @property
    def gfn(self) -> int:
        """A frame inside the first range."""
        return self.base + self.grain

    @property
    def looks(self) -> Operations:
        """What looks at that frame."""
        return (GfnToHva(self.gfn), GuestAccess(self.gfn))

    @property
    def write(self) -> Operation:
        """A write to it."""
        return GuestAccess(self.gfn, write=True)

    @property
    def log(self) -> Operation:
        """The log of its range."""
        return GetDirtyRange(self.base, self.npages)


def add(one: MemoryRange) -> AddRange:
    """A request to add it."""
    return AddRange(one.gfn, one.npages, one.hva)


def remove(one: MemoryRange) -> RemoveRange:
    """A request to remove it as it was added."""
    return RemoveRange(one.gfn, one.npages)


def sequential(header: Header) -> tuple[FixedRace, ...]:
    """Scenarios without a race."""
    some = Ranges(header)
    looks, first, second, far = some.looks, some.first, some.second, some.far
    back = (add(first), *looks, remove(first), *looks, add(some.moved), *looks)
    last = GuestAccess(some.base + some.npages - 1, write=True)
    logged = (add(first), some.log, some.write, some.log, last, some.log, some.log)
    again = (add(first), some.write, remove(first), add(some.moved), some.log)
    kept = (add(first), some.write, ReplaceTable((some.moved, far)), some.log)
    visible = IsVisibleGfn(some.gfn), IsVisibleGfn(far.gfn)
    part = RemoveRange(some.base, some.grain)
    refused = (add(first), *looks, GfnToHva(some.gfn), part, GfnToHva(some.gfn), *looks)
    scenarios = {
        "a range is added, removed, and added with other memory": back,
        "which frames are visible": (*visible, add(first), *visible),
        "ranges that touch": (add(first), add(second), *looks, remove(first), *looks),
        "a removal that names a part of a range": refused,
        "a removal of what is in no range": (add(first), remove(far), *looks),
        "a removal of several ranges, a hole between them": (
            *(add(first), add(second), add(far), *looks),
            RemoveRange(some.base, far.gfn + far.npages - some.base),
            *(*looks, GfnToHva(second.gfn), GfnToHva(far.gfn)),
        ),
        "a removal of two ranges that touch": (
            *(add(first), add(second), RemoveRange(some.base, 2 * some.npages)),
            *(*looks, GfnToHva(second.gfn)),
        ),
        "a removal from the middle of one range to that of another": (
            *(add(first), add(second), *looks),
            RemoveRange(some.base + 2 * some.grain, some.npages),
            *(*looks, GfnToHva(second.gfn), GfnToHva(second.gfn + some.npages - 1)),
        ),
        "a table is replaced": (
            *(add(first), *looks, ReplaceTable((some.moved, far)), *looks),
            *(ReplaceTable(()), *looks, ReplaceTable((first, second)), *looks),
        ),
        "writes and the log of a range": logged,
        "the log of a range in place of another": again,
        "the log of a range of a table in place of another": kept,
    }
    if some.rules.refuses_overlap:
        scenarios["ranges that meet"] = (
            *(add(first), *looks, *looks[:1], add(some.over), *looks),
            *(ReplaceTable((first, some.over)), *looks),
        )
    return tuple(
        FixedRace(name, Scenario(operations)) for name, operations in scenarios.items()
    )


def races(header: Header) -> tuple[FixedRace, ...]:
    """Scenarios of two threads and of three."""
    some = Ranges(header)
    looks, first, second, far = some.looks, some.first, some.second, some.far
    everything = RemoveRange(some.base, far.gfn + far.npages - some.base)
    made = [
        race("a lookup beside a removal", (add(first),), (remove(first),), looks),
        race(
            "a lookup beside a removal and the next range",
            (add(first),),
            (remove(first), add(some.moved)),
            looks,
        ),
        race(
            "a lookup beside a replacement of the table",
            (add(first), add(far)),
            (ReplaceTable((some.moved, second)),),
            (*looks, GfnToHva(far.gfn)),
        ),
        race(
            "two replacements, and a lookup",
            (add(first),),
            (ReplaceTable((some.moved,)),),
            (ReplaceTable((first, second)),),
            looks[:1],
        ),
        race(
            "a replacement beside an addition",
            (add(first),),
            (ReplaceTable((some.moved,)),),
            (add(second),),
        ),
        race(
            "a write beside a replacement, and the log",
            (add(first), some.log),
            (ReplaceTable((some.moved, second)),),
            (some.write,),
            after=(some.log,),
        ),
        race(
            "a write beside the log",
            (add(first), some.write),
            (some.log,),
            (some.write,),
            after=(some.log,),
        ),
    ]
    if some.rules.removal is Removal.COVERING and some.rules.removes_at_once:
        made.append(
            race(
                "a lookup beside a removal of several ranges",
                (add(first), add(far)),
                (everything,),
                (*looks, GfnToHva(far.gfn)),
            )
        )
    return tuple(made)
