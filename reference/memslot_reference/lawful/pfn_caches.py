"""Variants that keep host pages for less time, or are dropped from in another order."""

from __future__ import annotations

from collections.abc import Callable

from memslot_reference.lawful.variant import Variant, variant
from memslot_reference.linux import LinuxKvm
from memslot_reference.memslots import Memslots
from memslot_reference.pfn_caches import PfnCache
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.caches import PfnCacheValid
from memslot_spec.history.points.host import HostPageFound
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import Hva


class KeepsNoPage(LinuxKvm):
    """A cached page is good for nothing: each use has to be refreshed first."""

    def is_usable(self, cached: PfnCache, table: Memslots) -> bool:
        """It never is."""
        del cached, table
        return False


class DropsEveryPage(LinuxKvm):
    """Whatever the host takes away, every cache is dropped."""

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """Do not compare addresses."""
        del start, end
        for cached in self.pfn_caches.values():
            cached.valid = False


class DropsAfterTheWalk(LinuxKvm):
    """Caches are dropped once the sptes are gone, before the host has the page."""

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """Not yet."""

    def invalidate_range_start(self, start: int, end: int) -> None:
        """Walk, and drop them then."""
        super().invalidate_range_start(start, end)
        super().invalidate_pfn_caches(start, end)

    def unmap_hva(self, hva: Hva) -> None:
        """Walk, and drop them then."""
        super().unmap_hva(hva)
        page = hva // PAGE_SIZE * PAGE_SIZE
        super().invalidate_pfn_caches(page, page + PAGE_SIZE)


class LooksAtItsOwnPage(LinuxKvm):
    """A refresh looks again only if the page was taken that it has looked up."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM from which no page was taken."""
        super().__init__(hook, profile, limits)
        self.being_taken: list[tuple[int, int]] = []
        self.taken: list[tuple[int, int]] = []

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """Remember what is being taken."""
        self.being_taken.append((start, end))
        super().invalidate_pfn_caches(start, end)

    def invalidate_around(
        self, start: int, end: int, replace: Callable[[], None]
    ) -> None:
        """It has been taken, or another page put there."""
        super().invalidate_around(start, end, replace)
        self.has_taken(start, end)

    def unmap_hva(self, hva: Hva) -> None:
        """It has been taken."""
        super().unmap_hva(hva)
        page = hva // PAGE_SIZE * PAGE_SIZE
        self.has_taken(page, page + PAGE_SIZE)

    def has_taken(self, start: int, end: int) -> None:
        """What was being taken is gone."""
        self.being_taken.remove((start, end))
        self.taken.append((start, end))

    def find_page_again(self, cache: int, cached: PfnCache, uhva: int) -> None:
        """`mmu_invalidate_retry_hva`, of a cache."""
        cached.valid = False
        while True:
            begun = len(self.taken)
            self.hook.point(HostPageFound, uhva, 1)
            ranges = (*self.being_taken, *self.taken[begun:])
            if not any(s < uhva + PAGE_SIZE and uhva < e for s, e in ranges):
                break
            self.hook.wait(self.no_invalidation_is_open, "mn_active_invalidate_count")
        cached.valid = True
        self.hook.point(PfnCacheValid, cache, uhva)


class RefusedIsOff(LinuxKvm):
    """A cache whose page could not be found when it was activated is not active."""

    def activate_pfn_cache(self, cache: int, gpa: int, length: int) -> Reply:
        """Undo what was done; a cache that had been active stays so."""
        cached = self.pfn_cache(cache)
        was_active = cached.active
        reply = super().activate_pfn_cache(cache, gpa, length)
        if not cached.valid and not was_active:
            cached.active = False
        return reply


VARIANTS: tuple[Variant, ...] = (
    variant(
        "pages-never-valid",
        KeepsNoPage,
        "CACHE-19",
        "CACHE-20",
        "CACHE-22",
        source="who uses a cache has to be ready to refresh it each time",
        tag="argued",
    ),
    variant(
        "pages-all-dropped",
        DropsEveryPage,
        "CACHE-20",
        source="a cache that is not valid is refreshed",
        tag="argued",
    ),
    variant(
        "pages-dropped-late",
        DropsAfterTheWalk,
        "CACHE-20",
        "CACHE-21",
        source="6.1 virt/kvm/kvm_main.c:793: they go before mmu_lock is taken so that "
        "it is not held over the lock of each cache",
        tag="[R]",
    ),
    variant(
        "pages-looked-at-alone",
        LooksAtItsOwnPage,
        "CACHE-21",
        source="6.1 include/linux/kvm_host.h:1954, mmu_invalidate_retry_hva(), has it "
        "so of a fault",
        tag="argued",
    ),
    variant(
        "pages-refused-off",
        RefusedIsOff,
        "CACHE-22",
        "CACHE-26",
        source="a refused activation leaves what was not active inactive, as commit "
        "5c9ca4ed8908 has it of another errno",
        tag="argued",
    ),
)
