"""Cached host pages: valid until the slots change, or the host takes the page.

After 6.1 virt/kvm/pfncache.c, with the check of the range before anything is stored
that commit 5c9ca4ed8908 put there.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_reference.hva_caches import HvaCaches
from memslot_reference.memslots import Memslots
from memslot_reference.slot_hints import generation_of
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.caches import PfnCacheValid
from memslot_spec.history.points.host import HostPageFound
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import Accessed, Done, Refused, Reply, Retry
from memslot_spec.model.values import Errno, Hva


@dataclass(slots=True)
class PfnCache:
    """`struct gfn_to_pfn_cache`; `uhva` None is the error address.

    `refreshing` is its `refresh_lock`. Between two points nobody else runs, which is
    all that `gpc->lock` has to see to.
    """

    gpa: int = 0
    length: int = 0
    generation: tuple[int, bool] = (-1, False)
    uhva: int | None = None
    active: bool = False
    valid: bool = False
    refreshing: bool = False


class PfnCaches(HvaCaches):
    """The caches by number; any thread may use any of them."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM with no cache."""
        super().__init__(hook, profile, limits)
        self.pfn_caches: dict[int, PfnCache] = {}

    def pfn_cache(self, cache: int) -> PfnCache:
        """The cache of this number (`kvm_gpc_init`)."""
        return self.pfn_caches.setdefault(cache, PfnCache())

    def activate_pfn_cache(self, cache: int, gpa: int, length: int) -> Reply:
        """`kvm_gpc_activate`."""
        cached = self.pfn_cache(cache)
        if self.is_split(gpa, length):
            return self.refuse_range(cached)
        section = self.srcu.read_lock()
        self.lock_refresh(cached)
        if not cached.active:
            cached.uhva, cached.valid, cached.active = None, False, True
        errno = self.refresh(cache, cached, gpa, length)
        cached.refreshing = False
        self.srcu.read_unlock(section)
        return Done() if errno is None else Refused(errno)

    def is_split(self, gpa: int, length: int) -> bool:
        """The range is not in one page."""
        return gpa % PAGE_SIZE + length > PAGE_SIZE

    def refuse_range(self, cached: PfnCache) -> Reply:
        """Nothing was stored yet."""
        del cached
        return Refused(Errno.EINVAL)

    def refresh_pfn_cache(self, cache: int) -> Reply:
        """`kvm_gpc_refresh`: one at a time, for each takes its own table."""
        cached = self.pfn_cache(cache)
        section = self.srcu.read_lock()
        self.lock_refresh(cached)
        errno: Errno | None = Errno.EINVAL
        if cached.active:
            errno = self.refresh(cache, cached, cached.gpa, cached.length)
        cached.refreshing = False
        self.srcu.read_unlock(section)
        return Done() if errno is None else Refused(errno)

    def lock_refresh(self, cached: PfnCache) -> None:
        """`mutex_lock(&gpc->refresh_lock)`."""
        self.hook.wait(lambda: not cached.refreshing, "refresh_lock")
        cached.refreshing = True

    def refresh(
        self, cache: int, cached: PfnCache, gpa: int, length: int
    ) -> Errno | None:
        """Take the address from the current table, and then the page behind it."""
        table = self.load_table()
        self.read(table, "generation")
        before = cached.uhva
        if gpa != cached.gpa or before is None or not self.is_dated_by(cached, table):
            cached.generation = generation_of(table)
            gfn = gpa >> PAGE_SHIFT
            slot = self.search_memslots(table, gfn)
            cached.uhva = self.software_hva(slot, gfn, write=True)
        cached.gpa, cached.length = gpa, length
        if cached.uhva is None or self.limits.may_fault(cached.uhva):
            cached.valid = False
            return Errno.EFAULT
        if not cached.valid or before != cached.uhva:
            self.find_page_again(cache, cached, cached.uhva)
        return None

    def is_dated_by(self, cached: PfnCache, table: Memslots) -> bool:
        """It was resolved under the generation of the table, mark and all."""
        return cached.generation == generation_of(table)

    def find_page_again(self, cache: int, cached: PfnCache, uhva: int) -> None:
        """`hva_to_pfn_retry`: until the host took no page away meanwhile."""
        cached.valid = False
        while True:
            seq = self.mmu_notifier_seq
            self.hook.point(HostPageFound, uhva, 1)
            if not self.mmu_notifier_retry_cache(seq):
                break
            # The kernel looks up again and again until the host is done.
            self.hook.wait(self.no_invalidation_is_open, "mn_active_invalidate_count")
        # An update, or another refresh, may not have come between: `refresh_lock`.
        cached.valid = True
        self.hook.point(PfnCacheValid, cache, uhva)

    def mmu_notifier_retry_cache(self, seq: int) -> bool:
        """The host takes pages away, or has done so since the count was read."""
        return self.active_invalidations > 0 or self.mmu_notifier_seq != seq

    def use_pfn_cache(self, cache: int) -> Reply:
        """`kvm_gpc_check`, and a read of the page with `gpc->lock` still held."""
        cached = self.pfn_cache(cache)
        section = self.srcu.read_lock()
        table = self.load_table()
        self.read(table, "generation")
        reply: Reply = Retry()
        if cached.uhva is not None and self.is_usable(cached, table):
            reply = Accessed(cached.uhva + cached.gpa % PAGE_SIZE)
        self.srcu.read_unlock(section)
        return reply

    def is_usable(self, cached: PfnCache, table: Memslots) -> bool:
        """`kvm_gpc_check`."""
        return cached.active and cached.valid and self.is_dated_by(cached, table)

    def deactivate_pfn_cache(self, cache: int) -> None:
        """`kvm_gpc_deactivate`."""
        cached = self.pfn_cache(cache)
        self.lock_refresh(cached)
        cached.active = cached.valid = False
        cached.refreshing = False

    def invalidate_pfn_caches(self, start: int, end: int) -> None:
        """`gfn_to_pfn_cache_invalidate_start`, before `mmu_lock` is taken.

        Each cache has a lock of its own, which is not taken inside that one.
        """
        for cached in self.pfn_caches.values():
            uhva = cached.uhva
            if uhva is not None and start < uhva + PAGE_SIZE and uhva < end:
                cached.valid = False

    def unmap_hva(self, hva: Hva) -> None:
        """A range of one page, which is counted as one for the caches."""
        self.active_invalidations += 1
        page = hva // PAGE_SIZE * PAGE_SIZE
        self.invalidate_pfn_caches(page, page + PAGE_SIZE)
        super().unmap_hva(hva)
        self.active_invalidations -= 1
