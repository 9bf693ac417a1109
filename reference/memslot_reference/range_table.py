"""A table by ranges: no ids, one pointer to swap, and readers that hold what they load.

Each version is a tuple of ranges that nobody changes. An update makes the next one,
publishes it, waits for the readers of the one before and gives that back. So every
request is one step to a reader, a replacement of the whole table among them. A range
has its dirty bits with it for as long as it stands.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from memslot_reference.memslots import ReadAfterReclaim
from memslot_reference.srcu import Srcu
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, covers, overlaps
from memslot_spec.history.header import Domain, Interleaving
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.srcu import (
    GracePeriodBegun,
    GracePeriodEnded,
    IndexFlipped,
    SectionEntered,
    SectionEntering,
    SectionLeft,
)
from memslot_spec.history.points.tables import (
    TableLoaded,
    TablePublished,
    TableRead,
    TableReclaimed,
    TableWritten,
    UpdateLocked,
    UpdateUnlocked,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.range_table import range_table_of
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Mmio, Refused, Reply
from memslot_spec.model.values import Errno, Gfn, Hva, MemoryRange

ANNOUNCED = (
    *(SectionEntering, SectionEntered, SectionLeft),
    *(GracePeriodBegun, GracePeriodEnded, IndexFlipped),
    *(TableLoaded, TableRead, TableWritten, TablePublished, TableReclaimed),
    *(UpdateLocked, UpdateUnlocked),
)

WORD = 64
"""Pages of one word of a log."""


@dataclass(slots=True, eq=False)
class HeldRange:
    """One range, with the pages of it that were written and not told yet."""

    gfn: int
    npages: int
    hva: int
    dirty: set[int] = field(default_factory=set[int])

    def to_spec(self) -> MemoryRange:
        """As a value of the specification."""
        return MemoryRange(self.gfn, self.npages, self.hva)


@dataclass(slots=True, eq=False)
class Version:
    """One published table; nobody may read it once it was `reclaimed`."""

    handle: int
    ranges: tuple[HeldRange, ...] = ()
    reclaimed: bool = False


RangesChange = Callable[[tuple[HeldRange, ...]], tuple[HeldRange, ...] | None]
"""From the ranges of one version to those of the next; None is a refusal."""


class RangeTable:
    """A table by ranges that is stepped from point to point."""

    rules = RangeRules(removal=Removal.EXACT, fresh_logs=True, removes_at_once=True)

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a table without ranges."""
        self.hook = hook
        self.profile = profile.name
        self.limits = limits
        self.interleaving = Interleaving.POINTS
        self.announces: tuple[str, ...] = tuple(kind.__name__ for kind in ANNOUNCED)
        self.domain = Domain(
            largest_gfn=min(limits.largest_gfn, Domain().largest_gfn),
            ranges=self.rules,
        )
        self.srcu = Srcu(hook)
        self.current = Version(0)
        self.versions = 0
        self.locked = False

    def load(self) -> Version:
        """The pointer, once: what is behind it stays for as long as the section."""
        version = self.current
        self.hook.point(TableLoaded, version.handle)
        return version

    def find(self, version: Version, gfn: int) -> HeldRange | None:
        """The range of a frame in one version."""
        self.hook.point(TableRead, version.handle, "slots")
        if version.reclaimed:
            raise ReadAfterReclaim(version.handle, "slots")
        covering = (r for r in version.ranges if covers(r.gfn, r.npages, gfn))
        return next(covering, None)

    def gfn_to_hva(self, gfn: Gfn) -> Hva | None:
        """Look up the host address behind a frame."""
        section = self.srcu.read_lock()
        found = self.find(self.load(), gfn)
        self.srcu.read_unlock(section)
        return None if found is None else self.hva_in(found, gfn)

    def is_visible_gfn(self, gfn: Gfn) -> bool:
        """Whether some range has the frame."""
        return self.gfn_to_hva(gfn) is not None

    def hva_in(self, found: HeldRange, gfn: int) -> Hva:
        """The host address of a frame of the range."""
        return Hva(found.hva + (gfn - found.gfn << PAGE_SHIFT))

    def access(self, gfn: Gfn, *, write: bool, direct: bool, root: int) -> Reply:
        """A device reads or writes a page; a write is logged before the section ends.

        There is no page table of the guest's, so `direct` and `root` say nothing.
        """
        del direct, root
        section = self.srcu.read_lock()
        found = self.find(self.load(), gfn)
        if found is not None and write:
            self.log(found, gfn)
        self.srcu.read_unlock(section)
        return Mmio() if found is None else Accessed(self.hva_in(found, gfn))

    def log(self, found: HeldRange, gfn: int) -> None:
        """Note that a page was written."""
        found.dirty.add(gfn - found.gfn)

    def dirty(self, gfn: Gfn, npages: int) -> Reply:
        """The log of a range, which begins anew."""
        self.lock()
        found = self.exactly(self.load(), gfn, npages)
        reply: Reply = Refused(Errno.ENOENT)
        if found is not None:
            reply = DirtyLog(self.taken(found))
        self.unlock()
        return reply

    def taken(self, found: HeldRange) -> tuple[int, ...]:
        """The words of a log, of which the bits are cleared."""
        words = [0] * -(-found.npages // WORD)
        for page in found.dirty:
            words[page // WORD] |= 1 << page % WORD
        found.dirty.clear()
        return tuple(words)

    def add(self, gfn: Gfn, npages: int, hva: Hva) -> Reply:
        """One more range, that meets none."""
        one = MemoryRange(gfn, npages, hva)
        return self.update(lambda ranges: self.with_range(ranges, one))

    def remove(self, gfn: Gfn, npages: int) -> Reply:
        """A range less, named by its frames."""
        return self.update(lambda ranges: self.without_frames(ranges, gfn, npages))

    def replace(self, ranges: tuple[MemoryRange, ...]) -> Reply:
        """These ranges in place of all."""
        return self.update(lambda _: self.made_of(ranges))

    def with_range(
        self, ranges: tuple[HeldRange, ...], one: MemoryRange
    ) -> tuple[HeldRange, ...] | None:
        """The ranges of the next version, or None for a refusal."""
        if any(overlaps(r.gfn, r.npages, one.gfn, one.npages) for r in ranges):
            return None
        return (*ranges, self.new_range(one))

    def new_range(self, one: MemoryRange) -> HeldRange:
        """A range to which nobody has written."""
        return HeldRange(one.gfn, one.npages, one.hva)

    def without_frames(
        self, ranges: tuple[HeldRange, ...], gfn: int, npages: int
    ) -> tuple[HeldRange, ...] | None:
        """The same without the range of exactly these frames."""
        named = [r for r in ranges if (r.gfn, r.npages) == (gfn, npages)]
        return tuple(r for r in ranges if r not in named) if named else None

    def made_of(self, ranges: Iterable[MemoryRange]) -> tuple[HeldRange, ...] | None:
        """A whole table, each range of it new."""
        made: tuple[HeldRange, ...] | None = ()
        for one in ranges:
            made = None if made is None else self.with_range(made, one)
        return made

    def exactly(self, version: Version, gfn: int, npages: int) -> HeldRange | None:
        """The range of exactly these frames."""
        self.hook.point(TableRead, version.handle, "slots")
        named = (r for r in version.ranges if (r.gfn, r.npages) == (gfn, npages))
        return next(named, None)

    def update(self, change: RangesChange) -> Reply:
        """One request at a time."""
        self.lock()
        old = self.load()
        self.hook.point(TableRead, old.handle, "slots")
        ranges = change(old.ranges)
        if ranges is not None:
            self.swap(old, ranges)
        self.unlock()
        return Refused(Errno.EINVAL) if ranges is None else Done()

    def swap(self, old: Version, ranges: tuple[HeldRange, ...]) -> None:
        """Publish the next version, and give the one before back after its readers."""
        self.publish(ranges)
        self.srcu.synchronize()
        self.reclaim(old)

    def publish(self, ranges: tuple[HeldRange, ...]) -> None:
        """From here on readers load these ranges."""
        self.versions += 1
        new = Version(self.versions, ranges)
        self.hook.point(TableWritten, new.handle)
        self.current = new
        table = range_table_of(one.to_spec() for one in ranges)
        self.hook.point(TablePublished, new.handle, table)

    def reclaim(self, old: Version) -> None:
        """Nobody can have it any more."""
        old.reclaimed = True
        self.hook.point(TableReclaimed, old.handle)

    def lock(self) -> None:
        """Wait for the update that is under way."""
        self.hook.wait(lambda: not self.locked, "the update lock")
        self.locked = True
        self.hook.point(UpdateLocked)

    def unlock(self) -> None:
        """Let the next one in."""
        self.locked = False
        self.hook.point(UpdateUnlocked)
