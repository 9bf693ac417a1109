"""Open calls and open updates: what each began with and has done so far."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import Operation, SetRegion
from memslot_spec.model.replies import Reply
from memslot_spec.model.updates import Change, change_of, target_of
from memslot_spec.model.values import Slot, SlotTable


@dataclass(slots=True)
class Update:
    """An open request: what it started from and what it has published.

    `base` is the table it started from and `old` its slot there, None where that
    is absent. `alone` says that no other update has overlapped it so far. The
    steps at which its slot was published as INVALID, the grace period after that
    ended, and the slot was flushed are -1 until they happen. `had_sptes` says that
    the INVALID slot had sptes, so that there is something to flush.
    """

    operation: SetRegion
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
        self.change = change_of(base, self.operation.region)
        self.old = target_of(base, self.operation.region)

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
    the sptes that map the host addresses it is about, `invalid_mappings` those among
    them that map a frame of an INVALID slot, `whole_mappings` those that map a page
    which the range has all of, and `part_mappings` those that map one of which it has
    a part. `cached` is the range of the cache of host addresses that it is about, None
    where nobody can tell it; `overlapped` says that another call was about the same
    cache, or the same vCPU's hint, at the same time. `opened` is the slot of the spte
    that its fast page fault has made writable, as it was when the spte was made.
    `to_protect` are the writable sptes of the frame that it is to protect, which nobody
    has protected or removed since it began; it `had_to_protect` some then.
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
    opened: Slot | None = None
    to_protect: dict[Place, Spte] = field(default_factory=dict[Place, Spte])
    had_to_protect: bool = False


@dataclass(slots=True)
class LastUpdate:
    """The request that returned last; `before` is None if others overlapped it."""

    operation: SetRegion
    reply: Reply
    before: SlotTable | None
    change: Change | None
