"""Exit statuses, from records alone."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from memslot_conformance.findings.records import (
    Record,
)
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.verdicts import exit_status
from verdict_records import (
    ALL,
    FAILED,
    FINISHED,
    NOT_APPLICABLE,
    ONE,
    SKIPPED,
    found,
    judged,
    layer,
    started,
)


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ((started(), ALL, FINISHED), Exit.CONFORMS),
        ((started(), ALL, FINISHED, SKIPPED), Exit.CONFORMS),
        ((started(), found(ONE.id), FAILED), Exit.DOES_NOT_CONFORM),
        ((FAILED, started("two"), found(ONE.id, "two")), Exit.DOES_NOT_CONFORM),
        ((started(), ALL, FAILED), Exit.BROKE),
        ((started("two"), FAILED), Exit.BROKE),
        ((NOT_APPLICABLE, FAILED), Exit.BROKE),
        ((started(), layer({ONE.id: 1}), FINISHED), Exit.INCONCLUSIVE),
        ((NOT_APPLICABLE, ALL, FINISHED), Exit.NOTHING_RAN),
        ((SKIPPED,), Exit.NOTHING_RAN),
        ((), Exit.NOTHING_RAN),
    ],
)
def test_the_first_status_that_applies_is_the_exit_status(
    records: Sequence[Record], status: Exit
) -> None:
    assert exit_status(judged(*records)) is status


def test_strictly_a_skip_is_a_failure() -> None:
    targets = judged(started(), ALL, FINISHED, SKIPPED)
    assert exit_status(targets, strict=True) is Exit.DOES_NOT_CONFORM


def test_of_what_was_recorded_the_inconclusive_does_not_count() -> None:
    one_only = judged(started(), layer({ONE.id: 1}), FINISHED)
    assert exit_status(one_only) is Exit.INCONCLUSIVE
    assert exit_status(one_only, recorded=True) is Exit.CONFORMS
    neither = judged(started(), layer({}), FINISHED)
    assert exit_status(neither, recorded=True) is Exit.NOTHING_RAN
    broken = judged(started(), found(ONE.id), FINISHED)
    assert exit_status(broken, recorded=True) is Exit.DOES_NOT_CONFORM
    failed = judged(started(), ALL, FAILED)
    assert exit_status(failed, recorded=True) is Exit.BROKE


@pytest.mark.parametrize(
    ("records", "status"),
    [
        ((started(), ALL, FINISHED), Exit.CONFORMS),
        ((started(), layer({}), FINISHED), Exit.INCONCLUSIVE),
        ((started(), ALL, FAILED), Exit.BROKE),
        ((started(), ALL, FAILED, SKIPPED), Exit.DOES_NOT_CONFORM),
        ((SKIPPED,), Exit.DOES_NOT_CONFORM),
        ((), Exit.NOTHING_RAN),
    ],
)
def test_strictly_only_a_skip_is_another_status(
    records: Sequence[Record], status: Exit
) -> None:
    assert exit_status(judged(*records), strict=True) is status


def test_the_statuses_are_those_of_the_manual() -> None:
    assert {status.name: status.value for status in Exit} == {
        "CONFORMS": 0,
        "DOES_NOT_CONFORM": 1,
        "USAGE": 2,
        "BROKE": 3,
        "INCONCLUSIVE": 4,
        "NOTHING_RAN": 5,
    }
