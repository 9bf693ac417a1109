"""Ranges: which frames a removal may name. A target is held to the rule it declares."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known
from memslot_spec.model.operations import RemoveRange
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.range_rules import Removal
from memslot_spec.model.range_table import RangeObjection
from memslot_spec.model.replies import Refused
from memslot_spec.moments.ranges import RangeUpdated

REMOVES = ("RemoveRange",)
SUCCESS = "success, for nothing is wrong with it"


def removes_soundly(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.operation, RemoveRange) and update.is_sound


def removes_what_is_none(facts: Facts, update: RangeUpdated) -> bool:
    return update.wrong is RangeObjection.INEXACT


def would_cut(facts: Facts, update: RangeUpdated) -> bool:
    return update.wrong is RangeObjection.CUTS


def a_refusal(facts: Facts, update: RangeUpdated) -> str:
    return "" if update.wrong is None else f"a refusal: {update.wrong.value}"


@clause(
    id="RNG-1",
    title="A range is removed as it was added",
    must="Where ranges are removed by their exact frames, a removal of a range as it "
    "was added MUST succeed.",
    known=Known(
        read="6.1 include/uapi/linux/vfio.h:1255, VFIO_IOMMU_UNMAP_DMA: success is "
        "promised for what was mapped by one call",
        last_read="2026-11-27",
        derived="vhost-user.rst of QEMU says in VHOST_USER_REM_MEM_REG that a region "
        "is named by its guest address and size, so those of one that is there name it",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=removes_soundly,
    expected=SUCCESS,
    operations=REMOVES,
    removal=Removal.EXACT,
)
def exact_is_removed(facts: Facts, update: RangeUpdated) -> bool:
    return update.accepted


@clause(
    id="RNG-2",
    title="What is no range as it was added is not removed",
    must="Where ranges are removed by their exact frames, a removal of a part of a "
    "range, of several ranges or of frames in none MUST be refused.",
    known=Known(
        derived="vhost-user.rst of QEMU says in VHOST_USER_REM_MEM_REG that a region "
        "is named by its guest address and size, and vm-memory 0.10 in src/mmap.rs, "
        "remove_region(), that others are an InvalidGuestRegion: what names no region "
        "has none to remove",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=removes_what_is_none,
    expected=a_refusal,
    operations=REMOVES,
    removal=Removal.EXACT,
)
def inexact_is_refused(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.reply, Refused)


@clause(
    id="RNG-3",
    title="A removal takes away the whole ranges that it covers",
    must="Where a removal may cover ranges, one that covers some and cuts none MUST "
    "succeed, whatever holes lie between them.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1429, vfio_dma_do_unmap(): requests "
        "must fully cover mappings, and several may be unmapped by one",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=removes_soundly,
    expected=SUCCESS,
    operations=REMOVES,
    removal=Removal.COVERING,
)
def covered_are_removed(facts: Facts, update: RangeUpdated) -> bool:
    return update.accepted


@clause(
    id="RNG-4",
    title="A removal that may only cover ranges cuts none",
    must="Where a removal may cover ranges and not cut them, one that has some frames "
    "of a range and not all MUST be refused.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1437, vfio_dma_do_unmap(): the first "
        "and the last mapping must not be bisected",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=would_cut,
    expected=a_refusal,
    operations=REMOVES,
    removal=Removal.COVERING,
)
def cut_is_refused(facts: Facts, update: RangeUpdated) -> bool:
    return isinstance(update.reply, Refused)


@clause(
    id="RNG-5",
    title="A removal that may cut takes away any mapped frames",
    must="Where a removal may cut ranges, one of frames that are all in ranges MUST "
    "succeed.",
    known=Known(
        derived="unicorn.h 2.1.4 asks of uc_mem_unmap() that address and size are "
        "multiples of a page and for nothing else, and whoever declares "
        "Removal.CUTTING says the same",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeUpdated,
    premise=removes_soundly,
    expected=SUCCESS,
    operations=REMOVES,
    removal=Removal.CUTTING,
)
def mapped_frames_are_removed(facts: Facts, update: RangeUpdated) -> bool:
    return update.accepted


CLAUSES: tuple[AnyClause, ...] = (
    exact_is_removed,
    inexact_is_refused,
    covered_are_removed,
    cut_is_refused,
    mapped_frames_are_removed,
)
