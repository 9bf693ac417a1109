"""What the points of allocations add: what is there, and what is gone."""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.host import BITMAP, METADATA
from memslot_spec.history.points.dirty import BitmapAllocated, BitmapFreed
from memslot_spec.history.points.host import MetadataAllocated, MetadataFreed
from memslot_spec.history.points.tables import TablePublished


def _bitmap_allocated(facts: Facts, event: BitmapAllocated) -> None:
    facts.lives.allocated((BITMAP, event.bitmap))


def _bitmap_freed(facts: Facts, event: BitmapFreed) -> None:
    """Of one that was never told of nobody knows whose it is."""
    if event.bitmap in facts.host.bitmaps:
        facts.lives.freed((BITMAP, event.bitmap))


def _metadata_allocated(facts: Facts, event: MetadataAllocated) -> None:
    facts.lives.allocated((METADATA, event.metadata))


def _metadata_freed(facts: Facts, event: MetadataFreed) -> None:
    if event.metadata in facts.host.metadata:
        facts.lives.freed((METADATA, event.metadata))


def _table_published(facts: Facts, event: TablePublished) -> None:
    facts.lives.published(event.slots, event.attached)


ABSORB: Additions = (
    on(BitmapAllocated, _bitmap_allocated),
    on(BitmapFreed, _bitmap_freed),
    on(MetadataAllocated, _metadata_allocated),
    on(MetadataFreed, _metadata_freed),
    on(TablePublished, _table_published),
)
