"""Ranges: which may be added, and which may stand in one table."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.ranges.removal import SUCCESS, a_refusal
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.operations import AddRange, ReplaceTable
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.range_table import RangeObjection
from memslot_spec.model.replies import Refused
from memslot_spec.moments.ranges import RangeUpdated

ADDS = ("AddRange",)
REPLACES = ("ReplaceTable",)


def adds_apart(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.operation, AddRange) and update.is_sound


def adds_over_another(facts: Facts, update: RangeUpdated) -> bool:
    return update.wrong is RangeObjection.MEETS


def replaces_soundly(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.operation, ReplaceTable) and update.is_sound


def replaces_by_what_meets(facts: Facts, update: RangeUpdated) -> bool:
    return update.wrong is RangeObjection.MEETS_ITSELF


@clause(
    id="RNG-6",
    title="A range that meets no other is added",
    must="A request to add a range that has no frame in common with another MUST "
    "succeed.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1679, vfio_dma_do_map()",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=adds_apart,
    expected=SUCCESS,
    operations=ADDS,
)
def apart_is_added(facts: Facts, update: RangeUpdated) -> bool:
    return update.accepted


@clause(
    id="RNG-7",
    title="A range that meets another is not added",
    must="A request to add a range that has a frame in common with another MUST be "
    "refused.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1697, vfio_dma_do_map(): EEXIST",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=adds_over_another,
    expected=a_refusal,
    operations=ADDS,
    claims="refuses_overlap",
)
def overlap_is_refused(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.reply, Refused)


@clause(
    id="RNG-8",
    title="A table is replaced by ranges that do not meet",
    must="A request to replace the table by ranges of which no two meet MUST succeed, "
    "whatever ranges it replaces.",
    known=Known(
        derived="vhost-user.rst of QEMU has VHOST_USER_SET_MEM_TABLE set the whole "
        "table, so nothing of the one before it can be in the way",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=replaces_soundly,
    expected=SUCCESS,
    operations=REPLACES,
)
def sound_table_is_taken(facts: Facts, update: RangeUpdated) -> bool:
    return update.accepted


@clause(
    id="RNG-9",
    title="A table is not replaced by ranges that meet",
    must="A request to replace the table by ranges of which two meet MUST be refused.",
    known=Known(
        derived="vm-memory 0.10 says in src/mmap.rs, from_arc_regions(), that regions "
        "which meet are a MemoryRegionOverlap, and a table that no additions can make "
        "is none by a replacement either",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=replaces_by_what_meets,
    expected=a_refusal,
    operations=REPLACES,
    claims="refuses_overlap",
)
def unsound_table_is_refused(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.reply, Refused)


CLAUSES: tuple[AnyClause, ...] = (
    apart_is_added,
    overlap_is_refused,
    sound_table_is_taken,
    unsound_table_is_refused,
)
