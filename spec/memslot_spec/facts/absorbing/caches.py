"""What the points of caches add: generations, and the frames cached as MMIO."""

from __future__ import annotations

from memslot_spec.facts.absorbing.on import Additions, on
from memslot_spec.facts.facts import Facts
from memslot_spec.history.points.caches import CachesUpdated, GenerationSet, MmioCached
from memslot_spec.history.points.tables import TablePublished


def _table_published(facts: Facts, event: TablePublished) -> None:
    facts.generations.publish(event, facts.step)


def _generation_set(facts: Facts, event: GenerationSet) -> None:
    facts.generations.set(event)


def _caches_updated(facts: Facts, event: CachesUpdated) -> None:
    facts.generations.caches_updated(event)


def _mmio_cached(facts: Facts, event: MmioCached) -> None:
    facts.generations.remember(event)


ABSORB: Additions = (
    on(TablePublished, _table_published),
    on(GenerationSet, _generation_set),
    on(CachesUpdated, _caches_updated),
    on(MmioCached, _mmio_cached),
)
