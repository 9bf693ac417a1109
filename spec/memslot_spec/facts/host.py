"""Facts about the host's side: open ranges, TLBs, and what slots have with them.

Kept from the points alone. A mapping that was taken out of the shadow pages may
be used by a processor until the TLBs are flushed; until then it is *stale*.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.arithmetic.ranges import touches
from memslot_spec.facts.mmu import Place, Spte
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.history.points.mmu import SpteMapped
from memslot_spec.history.points.tables import Attached
from memslot_spec.model.values import SlotTable

Range = tuple[int, int, int]
"""An open range: the thread that opened it, its first byte, and the one after."""

METADATA = "metadata"
BITMAP = "bitmap"
Resource = tuple[str, int]
"""Arrays or a bitmap, by handle."""

Word = tuple[int, int]
"""A slot's address space and id."""


@dataclass(frozen=True, slots=True)
class Stale:
    """A mapping that some processor may still use: who took it away, and when."""

    spte: Spte
    place: Place
    thread: int
    step: int


@dataclass(frozen=True, slots=True)
class Cleared:
    """Pages that a thread took out of a slot's log, None being all it answers.

    `serial` is the youngest mapping of then.
    """

    serial: int
    pages: tuple[int, ...] | None


@dataclass(slots=True)
class Found:
    """Host pages that a fault looked up; `is_stale` once the host took one away."""

    hva: int
    npages: int
    is_stale: bool = False


@dataclass(slots=True)
class Host:
    """What is known of the host's side.

    `open` gives the version that was current when a range was opened, `found` what
    the thread's fault last looked up. `took` and
    `unlocked` are the steps at which a thread last took an spte away, and gave
    the lock over the shadow state back. `walked` are the ids of the slots in which
    a thread looked for a host address during its call, `made` and `freed` what it
    allocated and freed during it.
    """

    open: dict[Range, int] = field(default_factory=dict[Range, int])
    found: dict[int, Found] = field(default_factory=dict[int, Found])
    stale: dict[int, Stale] = field(default_factory=dict[int, Stale])
    took: dict[int, int] = field(default_factory=dict[int, int])
    unlocked: dict[int, int] = field(default_factory=dict[int, int])
    walked: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    cleared: dict[int, Cleared] = field(default_factory=dict[int, Cleared])
    metadata: dict[int, MetadataAllocated] = field(
        default_factory=dict[int, MetadataAllocated]
    )
    bitmaps: set[int] = field(default_factory=set[int])
    made: dict[int, list[Resource]] = field(default_factory=dict[int, list[Resource]])
    freed: dict[int, list[Resource]] = field(default_factory=dict[int, list[Resource]])
    attached: dict[Word, Attached] = field(default_factory=dict[Word, Attached])

    def took_away(self, start: int, end: int) -> None:
        """The host takes these bytes away: who found a page there found another."""
        for found in self.found.values():
            if touches(found.hva, found.npages, start, end):
                found.is_stale = True

    def called(self, thread: int) -> None:
        """A call begins: what the one before it did is over."""
        self.found.pop(thread, None)
        self.walked.pop(thread, None)
        self.cleared.pop(thread, None)
        self.made.pop(thread, None)
        self.freed.pop(thread, None)

    def taken(self, spte: Spte, place: Place, thread: int, step: int) -> None:
        """A mapping is out of the shadow pages, and in a TLB it may be yet."""
        self.stale[spte.serial] = Stale(spte, place, thread, step)

    def mapped(self, event: SpteMapped) -> None:
        """A stale mapping is harmless where one stands that permits as much."""
        place = (event.page, event.index)
        for serial, stale in tuple(self.stale.items()):
            if stale.place == place and _stands_for(event, stale.spte):
                del self.stale[serial]

    def relied_on(self, thread: int) -> tuple[Stale, ...]:
        """What was stale when the thread last gave the lock back, and is now.

        Mappings that others took away after that are none of its business.
        """
        until = self.unlocked.get(thread, -1)
        return tuple(stale for stale in self.stale.values() if stale.step <= until)

    def is_live(self, resource: Resource) -> bool:
        """It was allocated and not freed."""
        kind, handle = resource
        return handle in (self.metadata if kind == METADATA else self.bitmaps)

    def allocated(self, thread: int, resource: Resource) -> None:
        """The thread made it."""
        self.made.setdefault(thread, []).append(resource)

    def publish(self, slots: SlotTable, attached: tuple[Attached, ...]) -> None:
        """The slots have this with them now; those that are gone have nothing."""
        for key in [key for key in self.attached if slots.find(*key) is None]:
            del self.attached[key]
        for entry in attached:
            self.attached[entry.as_id, entry.slot_id] = entry

    def gave_back(self, thread: int, resource: Resource) -> None:
        """The thread freed it."""
        self.freed.setdefault(thread, []).append(resource)


def _stands_for(event: SpteMapped, old: Spte) -> bool:
    """The new spte maps the same frames to the same pages, and permits as much."""
    return (event.gfn, event.level, event.hva) == (old.gfn, old.level, old.hva) and (
        event.writable or not old.writable
    )
