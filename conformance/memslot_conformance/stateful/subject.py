"""What a run of a machine is about: it is drawn first, and kept.

A bug that takes four operations is not met by many out of forty kinds, each as often.
So a run is about a few kinds that leave something for each other, and about slots in
which it shows, and turns to others now and then; at times it is about everything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from memslot_conformance.scenarios.drawn.choices import Choices, Weighted
from memslot_conformance.scenarios.drawn.corner import Corner, draw_corner
from memslot_spec.history.header import Header
from memslot_spec.model import operations as asked

REQUEST = asked.SetRegion
EVERYTHING = "everything"

BARE = 0.15
"""How often a run asks more than requests while there is no slot."""

DESTROYED = 0.05
"""How often a run destroys its VM now and then, and what is known of it."""


@dataclass(frozen=True, slots=True)
class Theme:
    """Kinds of operations that meet, requests beside them; of slots of these `sizes`.

    `spaces` has them in several address spaces, where there are such. `weight` is how
    often it is drawn.
    """

    weight: int
    kinds: tuple[type[asked.Operation], ...] = ()
    sizes: str | None = None
    spaces: bool = False


ACCESSES = (asked.GuestAccess, asked.WriteGuest, asked.PreFault)
LOGS = (asked.GetDirtyLog, asked.ClearDirtyLog, asked.EnableManualProtect)

THEMES: Mapping[str, Theme] = {
    EVERYTHING: Theme(3),
    "requests": Theme(2, (asked.GfnToMemslot,)),
    "lookups": Theme(
        2,
        (
            *(asked.GfnToMemslot, asked.GfnToHva, asked.GfnToHvaProt),
            *(asked.IsVisibleGfn, asked.MemslotId, asked.VcpuGfnToMemslot),
            *(asked.TssBase, asked.MmuPages),
        ),
    ),
    "spaces": Theme(4, (asked.GuestAccess, asked.GetDirtyLog), spaces=True),
    "logs": Theme(2, (*ACCESSES, *LOGS, asked.WriteProtectGfn)),
    "clears": Theme(4, (asked.GuestAccess, *LOGS), sizes="word"),
    "large pages": Theme(
        4, (asked.GuestAccess, asked.UnmapHva, asked.GetDirtyLog), sizes="huge"
    ),
    "roots": Theme(2, (asked.GuestAccess, asked.AllocateRoot)),
    "mappings": Theme(
        4,
        (
            *(asked.GuestAccess, asked.PreFault, asked.AllocateRoot, asked.CountRmaps),
            *(asked.UnmapHva, asked.InvalidateRange, asked.ChangePte, asked.AgeHva),
            *(asked.ReleaseNotifier, asked.WriteProtectGfn),
        ),
    ),
    "cached addresses": Theme(
        8, (asked.InitHvaCache, asked.UseHvaCache, asked.GetDirtyLog)
    ),
    "cached pages": Theme(
        3,
        (
            *(asked.ActivatePfnCache, asked.RefreshPfnCache, asked.UsePfnCache),
            *(asked.DeactivatePfnCache, asked.InvalidateRange, asked.UnmapHva),
        ),
    ),
    "copies": Theme(
        1, (asked.ReadGuest, asked.WriteGuest, asked.GetDirtyLog, asked.GuestAccess)
    ),
}
"""By name; the first leaves nothing out. What is halted or destroyed has no theme."""


_KINDS = {
    name: frozenset(kind.__name__ for kind in (REQUEST, *theme.kinds))
    for name, theme in THEMES.items()
}


@dataclass(frozen=True, slots=True)
class Subject:
    """What is asked in a run, and where.

    `theme` is one of `THEMES`. A `bare` VM, without slots, is asked for more than
    slots; and the VM is `destroyed` now and then, or else never.
    """

    corner: Corner
    theme: str = EVERYTHING
    bare: bool = False
    destroyed: bool = False

    def has(self, kind: str) -> bool:
        """Operations of a kind, named as its type, are asked."""
        if kind == asked.DestroyVm.__name__:
            return self.destroyed
        return self.theme == EVERYTHING or kind in _KINDS[self.theme]

    def corner_for(self, header: Header) -> Corner:
        """The corner, with slots in which the theme shows."""
        corner, theme = self.corner, THEMES[self.theme]
        if theme.sizes is not None:
            corner = replace(corner, sizes=theme.sizes)
        if theme.spaces:
            last = header.limits.address_spaces - 1
            corner = replace(corner, spaces=(0, last, last))
        return corner


def draw_subject(rng: Choices, header: Header) -> Subject:
    """A subject that the implementation has."""
    return Subject(
        draw_corner(rng, header),
        draw_theme(rng, header),
        bare=rng.chance(BARE),
        destroyed=rng.chance(DESTROYED),
    )


def draw_theme(rng: Choices, header: Header) -> str:
    """One of the themes of which anything is supported."""
    return rng.pick(_themes_of(header))


def _themes_of(header: Header) -> Weighted[str]:
    supported = frozenset(header.capabilities.operations)
    return tuple(
        (theme.weight, name)
        for name, theme in THEMES.items()
        if not theme.kinds or supported & {kind.__name__ for kind in theme.kinds}
    )
