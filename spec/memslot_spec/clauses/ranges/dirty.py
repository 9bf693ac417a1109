"""Ranges: what a dirty log tells of writes, and of ranges that are no more."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words.names import describe_pages
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.moments.ranges import RangeLogged

LOGS = ("GetDirtyRange",)


def some_must_be_shown(facts: Facts, logged: RangeLogged) -> bool:
    return bool(logged.written)


def frames_in_words(frames: frozenset[int], first: int) -> str:
    return describe_pages(tuple(sorted(gfn - first for gfn in frames)))


def those_written(facts: Facts, logged: RangeLogged) -> str:
    written = logged.written or frozenset()
    return f"{frames_in_words(written, logged.operation.gfn)} dirty"


@clause(
    id="RNG-14",
    title="The log of a range shows what was written to it",
    must="The dirty log of a range MUST show every page that was written since the "
    "range was added, and since a log that has told of it.",
    known=Known(
        read="6.1 include/uapi/linux/vfio.h:1304, VFIO_IOMMU_DIRTY_PAGES; 6.1 "
        "drivers/vfio/vfio_iommu_type1.c:1310, vfio_iova_dirty_bitmap()",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeLogged,
    premise=some_must_be_shown,
    expected=those_written,
    operations=("GetDirtyRange", "GuestAccess"),
)
def shows_what_was_written(facts: Facts, logged: RangeLogged) -> bool:
    return logged.written is None or logged.written <= logged.shown


def some_are_clean(facts: Facts, logged: RangeLogged) -> bool:
    return bool(logged.clean)


def those_clean(facts: Facts, logged: RangeLogged) -> str:
    return f"{frames_in_words(logged.clean, logged.operation.gfn)} clean"


@clause(
    id="RNG-15",
    title="A range begins with nothing dirty",
    must="Where ranges begin clean, a dirty log MUST NOT show a page of one to which "
    "nobody has written since it was added, whatever was written where it lies.",
    known=Known(
        read="6.1 drivers/vfio/vfio_iommu_type1.c:1208, vfio_remove_dma(): the bitmap "
        "is freed with the mapping; 239, vfio_dma_bitmap_alloc()",
        last_read="2026-11-27",
    ),
    rows=(),
    profiles=ONLY_LINUX,
    ranges=True,
    on=RangeLogged,
    premise=some_are_clean,
    expected=those_clean,
    operations=LOGS,
    claims="fresh_logs",
)
def shows_nothing_of_before(facts: Facts, logged: RangeLogged) -> bool:
    return not logged.clean & logged.shown


CLAUSES: tuple[AnyClause, ...] = (shows_what_was_written, shows_nothing_of_before)
