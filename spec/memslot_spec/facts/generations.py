"""Facts about generations, and about the MMIO that is cached under them.

A table has a number, and a mark while the update that made it is open. What is
cached from a table holds its number, or as many bits of it as there is room for.
The numbers here are whole: points tell which table was meant.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.history.points.caches import (
    CachesUpdated,
    GenerationSet,
    MmioCached,
    MmioHit,
    MmioPlace,
)
from memslot_spec.history.points.tables import TablePublished

CachedFrame = tuple[MmioPlace, int, int]
"""A place with a frame and its address space. The cache of a vCPU serves every
space, for a generation belongs to one of them alone."""


@dataclass(frozen=True, slots=True)
class Generation:
    """A table's number, and whether an update is open.

    A table that its VM was born with, and that was never announced, has a number
    below 0: one for each address space.
    """

    number: int
    in_progress: bool = False


@dataclass(slots=True)
class Generations:
    """The generation of each table by its handle, and what is cached of MMIO.

    `used` are the numbers that tables came to have, `published` the steps at which
    tables were. `updated` has for each thread the generation that the caches were
    made ready for since it last published. `cached` has for each frame the
    generations of the tables that said it is MMIO. `widest` is for each place the
    largest number of bits seen in an entry there.
    """

    tables: dict[int, Generation] = field(default_factory=dict[int, Generation])
    used: set[int] = field(default_factory=set[int])
    published: dict[int, int] = field(default_factory=dict[int, int])
    updated: dict[int, int] = field(default_factory=dict[int, int])
    cached: dict[CachedFrame, set[Generation]] = field(
        default_factory=dict[CachedFrame, set[Generation]]
    )
    widest: dict[MmioPlace, int] = field(default_factory=dict[MmioPlace, int])

    def of(self, table: int, as_id: int) -> Generation:
        """The generation of a table, as it was announced last."""
        return self.tables.get(table) or Generation(-1 - as_id)

    def set(self, event: GenerationSet) -> None:
        """A table has a generation."""
        self.tables[event.table] = Generation(event.generation, event.in_progress)
        if not event.in_progress:
            self.used.add(event.generation)

    def publish(self, event: TablePublished, step: int) -> None:
        """A table is published; the caches are not ready for its number yet."""
        self.published[event.table] = step
        self.updated.pop(event.thread, None)

    def caches_updated(self, event: CachesUpdated) -> None:
        """The caches are ready for a generation."""
        self.updated[event.thread] = event.generation

    def remember(self, event: MmioCached) -> None:
        """It is cached that a frame is MMIO."""
        generation = self.of(event.table, event.as_id)
        known = self.cached.setdefault(_frame(event), set())
        known.add(generation)
        wide = max(self.widest.get(event.place, 1), event.generation.bit_length())
        self.widest[event.place] = wide

    def behind(self, event: MmioHit) -> frozenset[Generation]:
        """The generations under which what was hit may have been cached."""
        return frozenset(self.cached.get(_frame(event), ()))

    def has_bits_of(self, event: MmioCached, number: int) -> bool:
        """What is stored was made of this number.

        It is as many of its lowest bits as the entry has room for. Where nobody tells,
        that is the number whole, or no fewer bits than any entry in the place had.
        """
        stored = event.generation
        if event.bits is not None:
            return stored == number % (1 << event.bits)
        fewest = max(self.widest.get(event.place, 1), stored.bit_length())
        most = max(fewest, number.bit_length())
        return any(number % (1 << width) == stored for width in range(fewest, most + 1))


def _frame(event: MmioCached | MmioHit) -> CachedFrame:
    in_space = event.place is MmioPlace.SPTE
    return event.place, event.gfn, event.as_id if in_space else 0
