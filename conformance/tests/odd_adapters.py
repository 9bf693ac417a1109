"""Adapters that are sound, strange or broken, each in one way.

They are loaded by name, as a stranger's are: `py:odd_adapters:FACTORY`.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from itertools import count
from typing import ClassVar, cast

from memslot_conformance.targets.resolve import UnavailableTargetError
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.history.views import View
from memslot_spec.model.replies import Refused
from memslot_spec.model.values import Errno, Gfn, MemoryRegion, Slot, SlotTable
from plain_adapters import FindsHva, FindsId, FindsSlot, FindsVisible, Plain, Shows


class ShowsNoTable(Plain):
    """It has introspection that shows no table."""

    def observe(self) -> View:
        return View(pages=())


class Sound(FindsSlot, FindsHva, FindsVisible, FindsId, Shows):
    """It has all that can be looked at, but cannot be stepped."""


class ShowsAnything(Shows):
    """Its table holds what is no slot."""

    def observe(self) -> View:
        slots = ("a slot",) * len(self.slots)
        return View(table=SlotTable(cast("tuple[Slot, ...]", slots)))


class Shared(Plain):
    """All instances share their slots."""

    everybodys: ClassVar[list[Slot]] = []

    def __init__(self) -> None:
        super().__init__()
        self.slots = self.everybodys


class SharedSlot(Shared, FindsSlot):
    """What is shared shows in this lookup."""


class SharedHva(Shared, FindsHva):
    """What is shared shows in this lookup."""


class SharedVisible(Shared, FindsVisible):
    """What is shared shows in this lookup."""


class SharedId(Shared, FindsId):
    """What is shared shows in this lookup."""


class SharedShown(Shared, Shows):
    """What is shared shows in introspection."""


class Inherits(FindsVisible):
    """It begins with the slots that another one has."""

    last: ClassVar[list[Slot]] = []

    def __init__(self) -> None:
        super().__init__()
        self.slots.extend(self.last)

    def set_region(self, region: MemoryRegion) -> object:
        reply = super().set_region(region)
        self.last[:] = self.slots
        return reply


class InheritsShown(Inherits, Shows):
    """It begins with what another one has, and lookups do not tell."""

    def is_visible_gfn(self, gfn: Gfn) -> bool:  # noqa: ARG002
        return False


class Mute(Plain):
    """It answers a request with a number."""

    def set_region(self, region: MemoryRegion) -> object:
        super().set_region(region)
        return 0


class Vague(Plain):
    """It answers a lookup with a number."""

    def is_visible_gfn(self, gfn: Gfn) -> object:
        return int(self.backing(gfn) is not None)


class Deaf:
    """It has no method at all."""


class KeepsAll(Sound):
    """It lets no slot be deleted."""

    def set_region(self, region: MemoryRegion) -> object:
        if not region.memory_size:
            return Refused(Errno.EINVAL)
        return super().set_region(region)


class RaisesOnDelete(Sound):
    """What it looks for is not there."""

    def set_region(self, region: MemoryRegion) -> object:
        if not region.memory_size:
            raise KeyError(region.slot)
        return super().set_region(region)


class Coarse(Sound):
    """Its slots are of whole granules."""

    domain = Domain(page_granule=16)

    def set_region(self, region: MemoryRegion) -> object:
        if region.memory_size % (16 * PAGE_SIZE):
            return Refused(Errno.EINVAL)
        return super().set_region(region)


class RefusesAll(Plain):
    """It answers properly, and has no slot ever."""

    domain = Domain(page_granule=16)

    def set_region(self, region: MemoryRegion) -> object:  # noqa: ARG002
        return Refused(Errno.ENOMEM)


class Flickers(Shows):
    """It shows its slots every other time, once it had some."""

    def __init__(self) -> None:
        super().__init__()
        self.shown = 0

    def observe(self) -> View:
        self.shown += bool(self.slots)
        return View(table=SlotTable(tuple(self.slots[self.shown % 2 :])))


class Forgets(FindsVisible, Shows):
    """Its slots are gone as soon as they are shown, and are shown for ever."""

    def __init__(self) -> None:
        super().__init__()
        self.known: tuple[Slot, ...] = ()

    def observe(self) -> View:
        self.known = (*self.known, *self.slots)
        self.slots.clear()
        return View(table=SlotTable(self.known))


AGAIN = count(1)
"""Goes on from one instance to the next."""


class Stepped(Plain):
    """It can be stepped, and has no lookup."""

    interleaving = Interleaving.POINTS

    def __init__(self, hook: Hook) -> None:
        super().__init__()
        self.hook = hook
        self.creates = 0

    def set_region(self, region: MemoryRegion) -> object:
        self.hook.point(TableLoaded, 1)
        return super().set_region(region)


class Unsteady(Stepped):
    """No two of its instances load the same table."""

    def set_region(self, region: MemoryRegion) -> object:
        self.hook.point(TableLoaded, next(AGAIN))
        return super().set_region(region)


class UnsteadyLater(Stepped):
    """No two of its instances load the same table for a second slot."""

    def set_region(self, region: MemoryRegion) -> object:
        self.creates += bool(region.memory_size)
        if self.creates > 1:
            self.hook.point(TableLoaded, next(AGAIN))
        return super().set_region(region)


class UnsteadyLookup(Stepped, FindsVisible):
    """No two of its instances load the same table to look a frame up."""

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        self.hook.point(TableLoaded, next(AGAIN))
        return super().is_visible_gfn(gfn)


def hangs() -> object:
    """Never has an instance made."""
    while True:
        signal.pause()


def _dying(numbers: Iterator[int], last: int) -> Callable[[], object]:
    def make() -> object:
        if next(numbers) == last:
            os._exit(7)
        return Sound()

    return make


dies_at_1 = _dying(count(1), 1)
"""It takes the process with it when the first instance is made, or the second, ..."""

dies_at_2 = _dying(count(1), 2)
dies_at_3 = _dying(count(1), 3)
dies_at_4 = _dying(count(1), 4)
dies_at_7 = _dying(count(1), 7)


class NamesThenRaises(RaisesOnDelete):
    """It names a slot where there is none, and a delete breaks it."""

    def memslot_id(self, gfn: Gfn) -> int | None:
        slot = self.backing(gfn)
        return -1 if slot is None else slot.id


def not_here() -> object:
    """Cannot be had on this machine."""
    message = "it needs another machine"
    raise UnavailableTargetError(message)


def not_whole() -> object:
    """Breaks when it is loaded."""
    message = "a part is missing"
    raise LookupError(message)


class StopsAtOnce(Stepped):
    """It takes no request."""

    def set_region(self, region: MemoryRegion) -> object:
        message = f"slot {region.slot}"
        raise NotImplementedError(message)
