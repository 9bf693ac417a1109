"""Facts and clauses of requests that fail on their way."""

from __future__ import annotations

from host_histories import (
    AT_18,
    GOING,
    HERE,
    MOVE,
    PUT,
    UNLOG,
    called,
    created,
    holds,
    is_left_alone,
    published,
)
from memslot_spec.history.events import Finished
from memslot_spec.history.points.dirty import BitmapAllocated, BitmapFreed
from memslot_spec.history.points.host import (
    MetadataAllocated,
    MetadataFreed,
)
from memslot_spec.history.points.tables import Attached, UpdateLocked
from memslot_spec.model.operations import (
    DestroyVm,
)
from memslot_spec.model.replies import (
    Done,
    Refused,
)
from memslot_spec.model.values import (
    Errno,
)

FAILED = Refused(Errno.ENOMEM)


def test_a_failed_request_frees_what_it_made() -> None:
    arrays, bitmap = (
        MetadataAllocated(0, 5, 0, 0, 16, 4),
        BitmapAllocated(0, 5, 0, 0, 4),
    )
    freed = (BitmapFreed(0, 5), MetadataFreed(0, 5))
    failed = called(0, PUT, FAILED, arrays, bitmap)
    ended = (*called(0, DestroyVm(), Done()), Finished(0, ()))
    assert not holds("ERR-3", *called(0, PUT, FAILED, arrays), *ended)
    assert not holds("ERR-3", *failed, freed[1], *ended)
    assert not holds("ERR-3", *failed, freed[0], *ended)
    assert holds("ERR-3", *called(0, PUT, FAILED, arrays, bitmap, *freed), *ended)
    assert holds("ERR-3", *failed, *freed, *ended)
    assert is_left_alone("ERR-3", *failed, Finished(0, ()))
    assert is_left_alone("ERR-3", *called(0, PUT, Done(), arrays), *ended)


def test_a_failed_request_keeps_what_was_there() -> None:
    with_both = published(HERE, Attached(0, 0, 1, 1))
    begun = called(0, PUT, Done(), UpdateLocked(0), with_both)
    assert holds("ERR-4", *begun, *called(0, UNLOG, FAILED))
    assert not holds("ERR-4", *begun, *called(0, UNLOG, FAILED, BitmapFreed(0, 1)))
    assert not holds("ERR-4", *begun, *called(0, MOVE, FAILED, MetadataFreed(0, 1)))
    own = (MetadataAllocated(0, 2, 0, 0, 18, 4), MetadataFreed(0, 2))
    assert holds("ERR-4", *begun, *called(0, MOVE, FAILED, *own))


def test_nothing_fails_after_the_end_is_published() -> None:
    steps = (UpdateLocked(0), published(GOING), published(AT_18))
    assert holds("ERR-5", *created(), *called(0, MOVE, Done(), *steps))
    back = (*steps, published(HERE))
    assert not holds("ERR-5", *created(), *called(0, MOVE, FAILED, *back))
    window = (UpdateLocked(0), published(GOING), published(HERE))
    create_only = called(0, MOVE, FAILED, *window)
    assert holds("ERR-5", *created(), *create_only)


# Translations.
