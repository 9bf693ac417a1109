"""What the shadow MMU and the reverse maps are made of."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.values import PAGES_PER_HUGE_PAGE

ENTRIES_PER_PAGE = 512
"""Sptes in one shadow page, `PT64_ENT_PER_PAGE`."""

PAGES_AT_LEVEL = {1: 1, 2: PAGES_PER_HUGE_PAGE}
"""4 KiB pages that one leaf spte maps, by its level."""


@dataclass(slots=True, eq=False)
class Spte:
    """One present leaf entry: guest frames from `gfn`, host bytes from `hva`.

    It maps the pages that the host had there at the moment `found`.
    """

    gfn: int
    level: int
    writable: bool
    hva: int
    accessed: bool = False
    found: int = 0

    def reaches(self, gfn: int, *, write: bool) -> bool:
        """Whether the processor gets through to this frame by it."""
        npages = PAGES_AT_LEVEL[self.level]
        return self.gfn <= gfn < self.gfn + npages and (self.writable or not write)

    def stands_for(self, old: Spte) -> bool:
        """Whether it maps the same pages as an old one, and permits as much."""
        same = (self.gfn, self.level, self.hva) == (old.gfn, old.level, old.hva)
        return same and (self.writable or not old.writable)

    def hva_of(self, gfn: int) -> int:
        """Host address of a frame that it maps."""
        return self.hva + (gfn - self.gfn) * PAGE_SIZE


PageKey = tuple[bool, int, int, int]
"""Under what a shadow page is found: direct or not, gfn, level, address space."""


@dataclass(slots=True, eq=False)
class ShadowPage:
    """One shadow page (`kvm_mmu_page`) and its present sptes, by index.

    A direct page maps guest frames from `gfn` on; another one shadows the guest
    page table at `gfn`. A slot id stays in `slot_bitmap` until the page dies.
    """

    handle: int
    gfn: int
    direct: bool
    level: int
    as_id: int = 0
    sptes: dict[int, Spte] = field(default_factory=dict[int, Spte])
    slot_bitmap: set[int] = field(default_factory=set[int])

    @property
    def key(self) -> PageKey:
        """Under what the page is found."""
        return self.direct, self.gfn, self.level, self.as_id


def key_of(gfn: int, level: int, *, direct: bool, root: int, as_id: int = 0) -> PageKey:
    """The key of the page whose spte of this level maps a frame.

    KVM would keep 512 large sptes in one page. Here a large spte has a page to
    itself, so that a direct page is about the same 512 frames at either level.
    """
    if not direct:
        return False, root, level, as_id
    return True, gfn // ENTRIES_PER_PAGE * ENTRIES_PER_PAGE, level, as_id


def index_of(gfn: int, level: int) -> int:
    """The place of the frame's spte in its page.

    Guest page tables are not modelled: the one at a root has the frame's low
    bits for the place, so two frames can ask for the same spte.
    """
    return gfn // PAGES_AT_LEVEL[level] % ENTRIES_PER_PAGE


RmapHead = list[tuple[ShadowPage, int]]
Rmaps = dict[int, dict[int, RmapHead]]
"""A slot's reverse maps: by level, then by index, the sptes that map it."""


def new_rmaps() -> Rmaps:
    """The reverse maps of a slot that nothing maps yet."""
    return {level: {} for level in PAGES_AT_LEVEL}
