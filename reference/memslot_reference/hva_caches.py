"""Cached host addresses: a guest range resolved once, for one who uses it often.

A cache holds the range, and the host address if it is one page. It is resolved
again, as a whole, whenever the generation is another one. After
`__kvm_gfn_to_hva_cache_init`, `kvm_write_guest_offset_cached` and
`kvm_read_guest_offset_cached`.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.mmio_caches import MmioCaches
from memslot_reference.slot_hints import generation_of
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.history.hook import Hook
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.replies import CutShort, Done, Refused, Reply, Translated
from memslot_spec.model.values import Errno


@dataclass(slots=True)
class HvaCache:
    """`struct gfn_to_hva_cache`; `hva` None is the error address.

    Where the range has several pages there is no one slot: each use then walks.
    """

    gpa: int = 0
    length: int = 0
    generation: tuple[int, bool] = (-1, False)
    hva: int | None = None
    slot: MemorySlot | None = None


class HvaCaches(MmioCaches):
    """The caches by number; their owners see to it that each is used by one."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM with no cache."""
        super().__init__(hook, profile, limits)
        self.hva_caches: dict[int, HvaCache] = {}

    def init_hva_cache(self, cache: int, gpa: int, length: int) -> Reply:
        """`kvm_gfn_to_hva_cache_init`."""
        section = self.srcu.read_lock()
        cached = self.hva_caches.setdefault(cache, HvaCache())
        errno = self.resolve(cached, self.load_table(), gpa, length)
        self.srcu.read_unlock(section)
        return Done() if errno is None else Refused(errno)

    def resolve(
        self, cached: HvaCache, table: Memslots, gpa: int, length: int
    ) -> Errno | None:
        """Resolve a range in a table; what fails leaves the error address.

        The generation is stored first: what failed once is not tried again until
        the slots change.
        """
        self.read(table, "generation")
        cached.generation = generation_of(table)
        first, last = gpa >> PAGE_SHIFT, (gpa + length - 1) % U64 >> PAGE_SHIFT
        if self.is_backwards(first, last):
            cached.hva = None
            return Errno.EINVAL
        gfn, start = first, None
        while gfn <= last:
            slot = cached.slot = self.search_memslots(table, gfn)
            cached.hva = self.writable_hva(slot, gfn)
            if slot is None or cached.hva is None:
                return Errno.EFAULT
            start = cached.hva if start is None else start
            gfn = slot.base_gfn + slot.npages
        if start is not None and self.has_one_address(first, last):
            cached.hva = start + gpa % PAGE_SIZE
        else:
            cached.slot = None
        cached.gpa, cached.length = gpa, length
        return None

    def is_backwards(self, first: int, last: int) -> bool:
        """The range wraps: its last frame is below its first."""
        return first > last

    def has_one_address(self, first: int, last: int) -> bool:
        """The range is one page, so that its host address serves all of it."""
        return first == last

    def writable_hva(self, slot: MemorySlot | None, gfn: int) -> int | None:
        """The host address of a frame for writing; None is the error address."""
        if slot is None or slot.invalid or slot.readonly:
            return None
        return slot.hva_of(gfn)

    def use_hva_cache(
        self, cache: int, offset: int, length: int, *, write: bool
    ) -> Reply:
        """`kvm_write_guest_offset_cached` and `kvm_read_guest_offset_cached`."""
        section = self.srcu.read_lock()
        cached = self.hva_caches.setdefault(cache, HvaCache())
        reply = self.use(cached, offset, length, write=write)
        self.srcu.read_unlock(section)
        return reply

    def use(self, cached: HvaCache, offset: int, length: int, *, write: bool) -> Reply:
        """Access a part of the range, in the table that is current."""
        table = self.load_table()
        self.read(table, "generation")
        if not self.is_inside(cached, offset + length):
            return Refused(Errno.EINVAL)
        if not self.is_of(cached, table):
            self.resolve_again(cached, table, length)
        if self.has_error_hva(cached):
            return Refused(Errno.EFAULT)
        if cached.slot is None or cached.hva is None:
            return self.walk_pages(cached.gpa + offset, length, write=write)
        if length == 0:
            return Translated(())
        if write:
            self.mark_used(cached.slot, cached.gpa + offset, length)
        return Translated(self.cached_hvas(cached, offset, length))

    def is_inside(self, cached: HvaCache, end: int) -> bool:
        """The part ends inside the range that was asked for at first."""
        return end <= cached.length

    def is_of(self, cached: HvaCache, table: Memslots) -> bool:
        """The range was resolved under this generation, mark and all."""
        return cached.generation == generation_of(table)

    def resolve_again(self, cached: HvaCache, table: Memslots, length: int) -> None:
        """Resolve the range of before, all of it, whatever is used of it now."""
        del length
        self.resolve(cached, table, cached.gpa, cached.length)

    def has_error_hva(self, cached: HvaCache) -> bool:
        """Some page has no address; looked at before the slot is."""
        return cached.hva is None

    def cached_hvas(
        self, cached: HvaCache, offset: int, length: int
    ) -> tuple[int, ...]:
        """The host bytes that a part of a resolved range meets, page by page."""
        if cached.hva is None:
            return ()
        start = cached.hva + offset
        first, last = start >> PAGE_SHIFT, (start + length - 1) >> PAGE_SHIFT
        return (start, *(page << PAGE_SHIFT for page in range(first + 1, last + 1)))

    def mark_used(self, slot: MemorySlot, gpa: int, length: int) -> None:
        """Note the write in the log of the slot."""
        for gfn in range(gpa >> PAGE_SHIFT, (gpa + length - 1 >> PAGE_SHIFT) + 1):
            self.mark_page_dirty(slot, gfn)

    def walk_pages(self, gpa: int, length: int, *, write: bool) -> Reply:
        """`kvm_write_guest`, `kvm_read_guest`: a lookup for each page."""
        reply = self.copy_pages(gpa, length, write=write)
        return Refused(Errno.EFAULT) if isinstance(reply, CutShort) else reply
