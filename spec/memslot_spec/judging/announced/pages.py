"""Announcements of the shadow MMU: what a fault, or the host, has made of it.

A direct page is a node of a radix tree: it covers a power of two of frames, and begins
at a multiple of it (6.1 arch/x86/kvm/mmu/mmu.c:3155, direct_map()). No root has
sptes of 4 KiB pages: it is two levels up at the least (PT32E_ROOT_LEVEL, or 2).
"""

from __future__ import annotations

from memslot_spec.facts.facts import Facts
from memslot_spec.facts.mmu import pages_at
from memslot_spec.history.points.host import HostPageFound
from memslot_spec.history.points.mmu import (
    Flushed,
    RmapAdded,
    RmapIndexed,
    RmapRemoved,
    RmapsCounted,
    RmapUse,
    ShadowPageCreated,
    SlotBitSet,
    SpteMapped,
    SpteUpdated,
)
from memslot_spec.judging.announced.said import (
    OnMap,
    Rules,
    SaidSoFar,
    on,
    operation_of,
)
from memslot_spec.judging.announced.tables import slot_words
from memslot_spec.model.operations import (
    AgeHva,
    ChangePte,
    DestroyVm,
    GuestAccess,
    InvalidateRange,
    PreFault,
    ReleaseNotifier,
    UnmapHva,
)

HOSTS = (UnmapHva, InvalidateRange, AgeHva, ChangePte, ReleaseNotifier, DestroyVm)
"""Who comes to a reverse map from a host address; anybody may map, and unmap."""


def _created(said: SaidSoFar, facts: Facts, event: ShadowPageCreated) -> str | None:
    said.pages[event.page] = event
    operation = operation_of(facts, event.thread)
    if isinstance(operation, GuestAccess) and event.as_id != operation.as_id:
        return (
            f"ShadowPageCreated is of address space {event.as_id}, but the access is "
            f"in {operation.as_id}"
        )
    unpaged = isinstance(operation, PreFault) or (
        isinstance(operation, GuestAccess) and operation.direct
    )
    if unpaged and not event.direct:
        return "ShadowPageCreated shadows a page table, but the guest's paging is off"
    if not event.direct or event.root:
        return None
    if event.npages.bit_count() != 1 or event.gfn % event.npages:
        return (
            f"ShadowPageCreated covers {event.npages} frames from gfn {event.gfn:#x} "
            "on, which no page of a tree does"
        )
    return None


def _mapped(said: SaidSoFar, facts: Facts, event: SpteMapped) -> str | None:
    if isinstance(operation_of(facts, event.thread), GuestAccess):
        said.need(HostPageFound, "a fault has mapped a page")
    page = said.pages.get(event.page)
    if page is None:
        return None
    if not page.slot_ids:
        said.need(SlotBitSet, "a page without a bit maps a frame of a slot")
    if page.root and event.level == 1:
        return f"SpteMapped maps a 4 KiB page in page {event.page}, which is a root"
    last = event.gfn + pages_at(event.level) - 1
    covers = page.gfn <= event.gfn and last < page.gfn + page.npages
    if page.direct and not covers:
        return (
            f"SpteMapped maps gfn {event.gfn:#x} in page {event.page}, which is of "
            f"{page.npages} frames from {page.gfn:#x} on"
        )
    return None


def _bit_set(said: SaidSoFar, facts: Facts, event: SlotBitSet) -> str | None:
    said.seen.add(SlotBitSet)
    del facts
    page = said.pages.get(event.page)
    if page is None:
        if said.pages:
            return f"SlotBitSet names page {event.page}, which nobody has created"
        return None
    key = (page.as_id, event.slot_id)
    if said.slots and key not in said.slots:
        return f"SlotBitSet names {slot_words(key)}, which no table has had"
    return None


def _updated(said: SaidSoFar, facts: Facts, event: SpteUpdated) -> str | None:
    del said
    operation = operation_of(facts, event.thread)
    if event.other_page and not isinstance(operation, ChangePte | None):
        return "SpteUpdated maps another page, but the host was not asked to put one"
    return None


def _indexed(said: SaidSoFar, facts: Facts, event: RmapIndexed) -> str | None:
    said.seen.add(RmapIndexed)
    operation = operation_of(facts, event.thread)
    walks = event.use is RmapUse.HVA_WALK
    if walks and operation is not None and not isinstance(operation, HOSTS):
        asked = type(operation).__name__
        return f"RmapIndexed is for {event.use.name}, but the thread is in {asked}"
    if event.slot_id is None or not said.slots:
        return None
    key = (event.as_id or 0, event.slot_id)
    spaces = facts.limits.address_spaces
    any_space = [(as_id, event.slot_id) for as_id in range(spaces)]
    known = any_space if event.as_id is None else [key]
    if any(each in said.slots for each in known):
        return None
    return f"RmapIndexed is in {slot_words(key)}, which no table has had"


def _added(said: SaidSoFar, facts: Facts, event: RmapAdded) -> str | None:
    del facts
    said.need(RmapIndexed, "an spte was put on a reverse map")
    said.off.discard(_on_map(event))
    return None


def _removed(said: SaidSoFar, facts: Facts, event: RmapRemoved) -> str | None:
    """`pte_list_remove()` is a BUG where the spte is not on the list."""
    if RmapAdded.__name__ not in facts.header.capabilities.announces:
        # Nobody tells when the place is used again.
        return None
    place = _on_map(event)
    if place in said.off:
        return (
            f"RmapRemoved takes spte {event.page}[{event.index}] off a reverse map of "
            f"slot {event.slot_id} for the second time"
        )
    said.off.add(place)
    return None


def _on_map(event: RmapAdded | RmapRemoved) -> OnMap:
    place = (event.page, event.index, event.as_id)
    return (*place, event.slot_id, event.level, event.rmap_index)


def _counted(said: SaidSoFar, facts: Facts, event: RmapsCounted) -> str | None:
    del facts
    said.of(event.thread).counted = event.count
    return None


def _flushed(said: SaidSoFar, facts: Facts, event: Flushed) -> str | None:
    """What was mapped before the call is gone, unless no vCPU can use it any more."""
    if event.slot_id is not None or event.thread not in facts.calls:
        return None
    before, unreachable = said.of(event.thread).serial, facts.host.unreachable
    for (page, index), spte in facts.shadow.sptes.items():
        if unreachable < spte.serial <= before:
            return f"Flushed is of every slot, but spte {page}[{index}] was left"
    return None


RULES: Rules = (
    on(ShadowPageCreated, _created),
    on(SpteMapped, _mapped),
    on(SlotBitSet, _bit_set),
    on(SpteUpdated, _updated),
    on(RmapIndexed, _indexed),
    on(RmapAdded, _added),
    on(RmapRemoved, _removed),
    on(RmapsCounted, _counted),
    on(Flushed, _flushed),
)
