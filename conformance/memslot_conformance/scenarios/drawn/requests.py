"""Operations to ask of a target, drawn inside its domain.

The palette is small on purpose: few slots, few frames and few host pages make
operations meet. A few requests step over the domain's edge, since refusing is
half of the semantics.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from memslot_conformance.scenarios.drawn.dirty import within_reason
from memslot_conformance.scenarios.drawn.kinds import DRAWN
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.header import Header
from memslot_spec.model.operations import (
    AgeHva,
    AllocateRoot,
    CountRmaps,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    ReleaseNotifier,
    SetRegion,
    TssBase,
    UnmapHva,
)
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    PAGES_PER_HUGE_PAGE,
    Failure,
    MemoryRegion,
)

MANY_PAGES = 300_000_000
"""More than 32 bits can multiply by 20, and fewer than a slot may have."""

SIZES = (1, 2, 4, 4, PAGES_PER_HUGE_PAGE * 2)
BASES = (0, 1, 2, 4, 6, 16, 0x100, PAGES_PER_HUGE_PAGE, 0x300)
SPACES = (0, 0, 0, 0, 1)
"""Address spaces, as often as each is drawn."""

HOST_PAGES = (0, 0, 0x1000, 0x1800, 0x2000)
"""Host pages at which slots begin; the huge ones are moved in step with bases."""


AT_A_FRAME: Mapping[str, Callable[[int], Operation]] = {
    kind.__name__: kind
    for kind in (GfnToMemslot, GfnToHva, IsVisibleGfn, MemslotId, AllocateRoot)
}
IN_A_SPACE: Mapping[str, Callable[[int, int], Operation]] = {
    kind.__name__: kind for kind in (GfnToMemslot, GfnToHva)
}
AT_A_HOST_PAGE: Mapping[str, Callable[[int], Operation]] = {
    kind.__name__: kind for kind in (UnmapHva, AgeHva)
}
OF_NOTHING: Mapping[str, Callable[[], Operation]] = {
    kind.__name__: kind
    for kind in (TssBase, MmuPages, CountRmaps, Halt, ReleaseNotifier)
}


@dataclass(frozen=True, slots=True)
class Palette:
    """What may be drawn for one target.

    `kinds` names each kind of operation as often as it is to be drawn.
    """

    header: Header
    kinds: tuple[str, ...]

    def draw(self, rng: Random) -> Operation:
        """One operation."""
        return self.draw_kind(rng, rng.choice(self.kinds))

    def draw_request(self, rng: Random) -> SetRegion:
        """One request, sound most of the time."""
        roll = rng.random()
        if roll < 0.15:  # noqa: PLR2004 - how often a request is odd
            return SetRegion(self._odd(rng))
        region = self._sound(rng)
        domain = self.header.domain
        if domain.private_slots and roll > 0.93:  # noqa: PLR2004 - seldom private
            first = self.header.limits.user_slots
            word = first + rng.randrange(domain.private_slots)
            private = MemoryRegion(
                word, region.guest_phys_addr, region.memory_size, region.userspace_addr
            )
            return SetRegion(private, private=True)
        failure = None
        if domain.failures and rng.random() < 0.15:  # noqa: PLR2004 - now and then
            failure = Failure(rng.choice(domain.failures))
        return SetRegion(region, failure=failure)

    def draw_kind(  # noqa: PLR0911 - one answer for each sort of kind
        self, rng: Random, kind: str
    ) -> Operation:
        """One operation of this kind."""
        if kind == "SetRegion":
            return self.draw_request(rng)
        if kind in IN_A_SPACE and self.header.limits.address_spaces > 1:
            return IN_A_SPACE[kind](self._gfn(rng), rng.choice(SPACES))
        if kind in AT_A_FRAME:
            return AT_A_FRAME[kind](self._gfn(rng))
        if kind in AT_A_HOST_PAGE:
            return AT_A_HOST_PAGE[kind](self._hva(rng))
        if kind in OF_NOTHING:
            return OF_NOTHING[kind]()
        if kind in DRAWN:
            return DRAWN[kind](rng, self.header, self._gfn(rng), self._hva(rng))
        direct = rng.random() < 0.75  # noqa: PLR2004 - mostly direct
        root = 0 if direct else rng.choice((0, 1, 2))
        write = rng.random() < 0.5  # noqa: PLR2004 - a fair coin
        as_id = self._as_id(rng)
        return GuestAccess(self._gfn(rng), write, direct, root, as_id)

    def _as_id(self, rng: Random) -> int:
        """An address space, where the target has several."""
        return rng.choice(SPACES) if self.header.limits.address_spaces > 1 else 0

    def _gfn(self, rng: Random) -> int:
        base = rng.choice(BASES) + rng.choice((0, 0, 1, 3, PAGES_PER_HUGE_PAGE))
        return min(base, self.header.domain.largest_gfn)

    def _hva(self, rng: Random) -> int:
        page = rng.choice(HOST_PAGES) + rng.choice(BASES) + rng.choice((0, 0, 1, 3))
        return (page << PAGE_SHIFT) + rng.choice((0, 0, 1, PAGE_SIZE - 1))

    def _sound(self, rng: Random) -> MemoryRegion:
        """A request with which nothing is wrong by itself."""
        domain = self.header.domain
        grain = domain.page_granule
        word = rng.randrange(min(domain.slots, self.header.limits.user_slots))
        word |= self._as_id(rng) << 16
        base = rng.choice(BASES) // grain * grain
        npages = 0
        if rng.random() < 0.62:  # noqa: PLR2004 - the rest are deletes
            npages = max(rng.choice(SIZES) // grain, 1) * grain
            if rng.random() < 0.02:  # noqa: PLR2004 - seldom
                npages = MANY_PAGES // grain * grain
        base = min(base, max(domain.largest_gfn + 1 - npages, 0))
        page = rng.choice(HOST_PAGES)
        if npages >= PAGES_PER_HUGE_PAGE or rng.random() < 0.5:  # noqa: PLR2004 - in step
            page += base
        logs = 0.45 if "GetDirtyLog" in self.kinds else 0.2  # where a log can be read
        flags = LOG_DIRTY_PAGES if rng.random() < logs else 0
        if rng.random() < 0.08:  # noqa: PLR2004 - seldom
            flags |= BIT_1
        return within_reason(
            MemoryRegion(
                word,
                base << PAGE_SHIFT,
                npages << PAGE_SHIFT,
                page << PAGE_SHIFT,
                flags,
            )
        )

    def _odd(self, rng: Random) -> MemoryRegion:
        """A request that is wrong in one way, or in two."""
        region = _spoiled(rng, self._sound(rng), self.header)
        if rng.random() < 0.2:  # noqa: PLR2004 - wrong twice
            region = _spoiled(rng, region, self.header)
        return within_reason(region)


def _spoiled(rng: Random, region: MemoryRegion, header: Header) -> MemoryRegion:
    """The request with one thing made wrong."""
    word, gpa = region.slot, region.guest_phys_addr
    size, hva, flags = region.memory_size, region.userspace_addr, region.flags
    match rng.randrange(9):
        case 0:
            gpa += rng.choice((1, 512, PAGE_SIZE - 1))
        case 1:
            size += rng.choice((1, 512, PAGE_SIZE - 1))
        case 2:
            hva += rng.choice((1, 512, PAGE_SIZE - 1))
        case 3:
            size = size or PAGE_SIZE
            gpa = U64 - rng.choice((PAGE_SIZE, size))
        case 4:
            word = header.limits.user_slots + rng.choice((0, 1))
        case 5:
            word |= header.limits.address_spaces << 16
        case 6:
            flags |= rng.choice((BIT_1, BIT_1, 1 << 2, 1 << 15, 1 << 16, 1 << 31))
        case 7:
            hva = rng.choice((header.limits.hva_end, 1 << 62, U64 - PAGE_SIZE))
            size = size or PAGE_SIZE
        case _:
            size = rng.choice((1 << 31, 1 << 40)) << PAGE_SHIFT
            size = min(size, U64 - PAGE_SIZE)
    return MemoryRegion(word, gpa, size, hva, flags)


WEIGHTS = {
    "SetRegion": 16,
    "GetDirtyLog": 5,
    "ClearDirtyLog": 4,
    "GuestAccess": 12,
    "TssBase": 8,
    "UnmapHva": 6,
    "InvalidateRange": 4,
    "AgeHva": 3,
    "Halt": 1,
    "ReleaseNotifier": 1,
    "AllocateRoot": 1,
    "InitHvaCache": 4,
    "UseHvaCache": 6,
    "VcpuGfnToMemslot": 3,
}
"""How often each kind is drawn; `USUAL` for those that are not here."""

USUAL = 2

LAST_OF_ALL = "DestroyVm"
"""Drawn by nobody: nothing may be asked after it. The fixed scenarios have it."""


def palette_of(header: Header) -> Palette:
    """Everything that the target supports."""
    kinds: list[str] = []
    for name in header.capabilities.operations:
        if name != LAST_OF_ALL:
            kinds.extend([name] * WEIGHTS.get(name, USUAL))
    return Palette(header, tuple(kinds))


def narrowed(palette: Palette, rng: Random) -> Palette:
    """A palette of one to three kinds of the other, requests always among them.

    Races of few kinds are met more often than races of all.
    """
    others = [kind for kind in palette.kinds if kind != "SetRegion"]
    if not others:
        return palette
    chosen = tuple({rng.choice(others) for _ in range(rng.choice((1, 2, 3)))})
    return Palette(palette.header, ("SetRegion", *sorted(chosen) * 2))
