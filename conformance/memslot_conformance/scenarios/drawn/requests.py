"""Operations to ask of a target, drawn inside its domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random

from memslot_conformance.scenarios.drawn.caches import (
    draw_init,
    draw_use,
    draw_vcpu_lookup,
)
from memslot_conformance.scenarios.drawn.copies import (
    draw_prefault,
    draw_read,
    draw_write,
)
from memslot_conformance.scenarios.drawn.dirty import draw_clear, draw_get, draw_options
from memslot_conformance.scenarios.drawn.host import (
    draw_change,
    draw_host_page,
    draw_protection,
    draw_range,
)
from memslot_conformance.scenarios.drawn.pfn_caches import (
    draw_activation,
    draw_deactivation,
    draw_page_use,
    draw_refresh,
)
from memslot_conformance.scenarios.drawn.values import (
    address_space,
    gfn,
    hva,
    odd_region,
    sound_region,
)
from memslot_conformance.scenarios.drawn.weights import (
    BY_SOFTWARE,
    DIRECT,
    EVEN,
    FAILING,
    KINDS,
    KINDS_OF_A_RACE,
    LOGGING,
    LOGGING_WHERE_READ,
    ODD,
    PRIVATE_FROM,
    ROOTS,
    SPACES,
    USUAL,
)
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
    Origin,
    ReleaseNotifier,
    SetRegion,
    TssBase,
    UnmapHva,
)
from memslot_spec.model.values import Failure, MemoryRegion

Draw = Callable[[Random, Header, int, int], Operation]
"""Draws one operation, given the header, a frame and a host byte address."""

DRAWN: Mapping[str, Draw] = {
    "GetDirtyLog": draw_get,
    "ClearDirtyLog": draw_clear,
    "EnableManualProtect": draw_options,
    "GfnToHvaProt": draw_host_page,
    "VcpuGfnToMemslot": draw_vcpu_lookup,
    "InitHvaCache": draw_init,
    "UseHvaCache": draw_use,
    "InvalidateRange": draw_range,
    "ReadGuest": draw_read,
    "WriteGuest": draw_write,
    "PreFault": draw_prefault,
    "ActivatePfnCache": draw_activation,
    "RefreshPfnCache": draw_refresh,
    "UsePfnCache": draw_page_use,
    "DeactivatePfnCache": draw_deactivation,
    "ChangePte": draw_change,
    "WriteProtectGfn": draw_protection,
}
"""How the operations are drawn that need more than a frame or a host address."""

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
        header, logging = self.header, self._logging
        roll = rng.random()
        if roll < ODD:
            return SetRegion(odd_region(rng, header, logging))
        region = sound_region(rng, header, logging)
        domain = header.domain
        if domain.private_slots and roll > PRIVATE_FROM:
            first = header.limits.user_slots
            word = first + rng.randrange(domain.private_slots)
            private = MemoryRegion(
                word, region.guest_phys_addr, region.memory_size, region.userspace_addr
            )
            return SetRegion(private, private=True)
        failure = None
        if domain.failures and rng.random() < FAILING:
            failure = Failure(rng.choice(domain.failures))
        return SetRegion(region, failure=failure)

    def draw_kind(  # noqa: PLR0911 - one answer for each sort of kind
        self, rng: Random, kind: str
    ) -> Operation:
        """One operation of this kind."""
        header = self.header
        if kind == "SetRegion":
            return self.draw_request(rng)
        if kind in IN_A_SPACE and header.limits.address_spaces > 1:
            return IN_A_SPACE[kind](gfn(rng, header), rng.choice(SPACES))
        if kind in AT_A_FRAME:
            return AT_A_FRAME[kind](gfn(rng, header))
        if kind in AT_A_HOST_PAGE:
            return AT_A_HOST_PAGE[kind](hva(rng))
        if kind in OF_NOTHING:
            return OF_NOTHING[kind]()
        if kind in DRAWN:
            return DRAWN[kind](rng, header, gfn(rng, header), hva(rng))
        origins = header.domain.origins
        if origins and rng.random() < BY_SOFTWARE:
            return self._software_access(rng, Origin[rng.choice(origins)])
        direct = rng.random() < DIRECT
        root = 0 if direct else rng.choice(ROOTS)
        write = rng.random() < EVEN
        as_id = address_space(rng, header)
        return GuestAccess(gfn(rng, header), write, direct, root, as_id)

    def _software_access(self, rng: Random, origin: Origin) -> GuestAccess:
        """An access that looks its frame up; a walk only reads."""
        write = origin is not Origin.TABLE_WALK and rng.random() < EVEN
        as_id = address_space(rng, self.header)
        return GuestAccess(gfn(rng, self.header), write, as_id=as_id, origin=origin)

    @property
    def _logging(self) -> float:
        """How often a request asks for a log."""
        return LOGGING_WHERE_READ if "GetDirtyLog" in self.kinds else LOGGING


LAST_OF_ALL = "DestroyVm"
"""Drawn by nobody: nothing may be asked after it. The fixed scenarios have it."""


def palette_of(header: Header) -> Palette:
    """Everything that the target supports."""
    kinds: list[str] = []
    for name in header.capabilities.operations:
        if name != LAST_OF_ALL:
            kinds.extend([name] * KINDS.get(name, USUAL))
    return Palette(header, tuple(kinds))


def narrowed(palette: Palette, rng: Random) -> Palette:
    """A palette of one to three kinds of the other, requests always among them.

    Races of few kinds are met more often than races of all.
    """
    others = [kind for kind in palette.kinds if kind != "SetRegion"]
    if not others:
        return palette
    chosen = tuple({rng.choice(others) for _ in range(rng.choice(KINDS_OF_A_RACE))})
    return Palette(palette.header, ("SetRegion", *sorted(chosen) * 2))
