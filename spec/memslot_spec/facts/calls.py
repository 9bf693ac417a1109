"""Open calls and open updates: what each began with and has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import (
    InvalidateRange,
    Operation,
    SetRegion,
    TableRequest,
)
from memslot_spec.model.pfn_caches import KnownCache
from memslot_spec.model.replies import Reply
from memslot_spec.model.updates import Change, change_of, target_of
from memslot_spec.model.values import MemoryRegion, Slot, SlotTable


@dataclass(slots=True)
class Update:
    """An open request: what it started from and what it has published.

    `base` is the table it started from and `old` its slot there, None where that
    is absent. `alone` says that no other update has overlapped it so far. The
    steps at which its slot was published as INVALID, the grace period after that
    ended, and the slot was flushed are -1 until they happen. `had_sptes` says that
    the INVALID slot had sptes, so that there is something to flush. A request to a
    table by ranges is about no slot: it has no `region`, no `change` and no `old`.
    """

    operation: TableRequest
    base: SlotTable | None
    alone: bool
    published: list[int]
    change: Change | None = None
    old: Slot | None = None
    invalid_published_at: int = -1
    graced_at: int = -1
    flushed_at: int = -1
    had_sptes: bool = False

    def starts_from(self, base: SlotTable) -> None:
        """The request is carried out on this table."""
        self.base = base
        if self.region is not None:
            self.change = change_of(base, self.region)
            self.old = target_of(base, self.region)

    @property
    def region(self) -> MemoryRegion | None:
        """What it asks for a slot; None where it names none."""
        operation = self.operation
        return operation.region if isinstance(operation, SetRegion) else None

    @property
    def word(self) -> int:
        """The word of the slot that it is about; -1, which is none's, without one."""
        return -1 if self.region is None else self.region.slot

    @property
    def takes_slot_away(self) -> bool:
        """It deletes or moves a live slot, so it must publish it as INVALID first."""
        return self.old is not None and (
            self.change is Change.DELETE or self.change is Change.MOVE
        )

    def removes_from(self, table: SlotTable) -> bool:
        """In this table the slot it deletes or moves is gone, or elsewhere."""
        if not self.takes_slot_away or self.old is None:
            return False
        now = table.find(self.old.as_id, self.old.id)
        return now is None or now.base != self.old.base


@dataclass(slots=True)
class CallFacts:
    """An open call: which versions it loaded and read, and which it must not miss.

    When the call began, `floor` was the newest version that some reader had seen
    or an update had left, `settled` the newest that an update had left, `newest`
    the current one, so far as points tell. `last_read` gives for each field the
    version that it was last read from, `read_from` all the versions of which anything
    was, `walked` the slots in whose reverse maps a host address was looked up: address
    space, None where the target does not tell, and id. `mappings` are the serials of
    the sptes that map the host addresses it is about (all of them, where the process
    ends), `invalid_mappings` those among them that map a frame of an INVALID slot,
    `whole_mappings` those that map a page which the range has all of, and
    `part_mappings` those that map one of which it has a part. `cached` is the range of
    the cache of host addresses that it is about, None where nobody can tell it;
    `overlapped` says that another call was about the same cache, or the same vCPU's
    hint, at the same time. `stood` are sptes that its access may have gone through,
    removed, replaced or protected since the call began. `mapped` are the frames, each
    with a number of pages, for which an spte stood at some time since a prefault was
    called. `pfn_cache` is the cache of a host page that it is about, None where nobody
    can tell what is in it. `to_protect` are the writable sptes of the frame that it
    is to protect, which nobody has protected or removed since it began; it
    `had_to_protect` some then.
    """

    operation: Operation
    step: int
    floor: int
    settled: int
    newest: int
    loaded: list[int]
    last_read: dict[str, int]
    update: Update | None = None
    mappings: frozenset[int] = frozenset()
    invalid_mappings: frozenset[int] = frozenset()
    whole_mappings: frozenset[int] = frozenset()
    part_mappings: frozenset[int] = frozenset()
    walked: frozenset[tuple[int | None, int]] = frozenset()
    read_from: set[int] = field(default_factory=set[int])
    cached: HvaRange | None = None
    overlapped: bool = False
    stood: tuple[Spte, ...] = ()
    to_protect: dict[Place, Spte] = field(default_factory=dict[Place, Spte])
    had_to_protect: bool = False
    pfn_cache: KnownCache | None = None
    mapped: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])

    def must_go(self, spte: Spte, invalidated: InvalidateRange) -> None:
        """The spte has come to map bytes that this call has begun to invalidate."""
        whole, part = pages_of(invalidated)
        serial = frozenset({spte.serial})
        self.mappings |= serial
        if any(spte.meets_hvas(*pages) for pages in whole):
            self.whole_mappings |= serial
        if any(spte.meets_hvas(*pages) for pages in part):
            self.part_mappings |= serial


Bytes = tuple[int, int]
"""Host bytes: the first, and the one after the last."""


def pages_of(invalidated: InvalidateRange) -> tuple[tuple[Bytes, ...], ...]:
    """The pages that the range has all of, and those that it has a part of."""
    start, end = invalidated.start, invalidated.end
    first, last = -(-start // PAGE_SIZE) * PAGE_SIZE, end - end % PAGE_SIZE
    part: list[Bytes] = []
    if start < first:
        part.append((first - PAGE_SIZE, first))
    if last < end:
        part.append((last, last + PAGE_SIZE))
    return ((first, last),) if first < last else (), tuple(part)


@dataclass(slots=True)
class LastUpdate:
    """The request that returned last; `before` is None if others overlapped it."""

    operation: SetRegion
    reply: Reply
    before: SlotTable | None
    change: Change | None
