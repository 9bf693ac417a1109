"""What the points of slots' arrays add: that there are some, and whose they are."""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.host import MetadataAllocated
from memslot_spec.history.points.tables import TablePublished


def _metadata_allocated(facts: Facts, event: MetadataAllocated) -> None:
    del event
    facts.lives.had_arrays = True


def _table_published(facts: Facts, event: TablePublished) -> None:
    facts.lives.published(event.slots, event.attached)


ABSORB: Additions = (
    on(MetadataAllocated, _metadata_allocated),
    on(TablePublished, _table_published),
)
