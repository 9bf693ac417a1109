"""What an answer of GET must have and may have, given how its log stood."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_spec.facts.dirty_log import (
    DirtyLogs,
    Log,
    LogCall,
    Why,
    Write,
    may_report,
    must_report,
)
from memslot_spec.model.values import Gfn, Hva, Slot

SLOT = Slot(0, Gfn(16), 4, Hva(0x100000), log_dirty=True)
BEFORE = {1: Why.WRITTEN, 2: Why.SPARED}


def log(*pages: int) -> Log:
    return Log(SLOT, dict.fromkeys(pages, Why.WRITTEN))


def get(log: Log, *, alone: bool = True, steady: bool = True) -> LogCall:
    """A GET that was called when pages 1 and 2 had to be reported."""
    return LogCall(
        (0, 0),
        log,
        alone=alone,
        steady=steady,
        manual=False,
        must_report=dict(BEFORE),
        may_report=frozenset({1, 2}),
        cleared=frozenset(),
        fresh=False,
    )


def logs(*writes: Write) -> DirtyLogs:
    known = DirtyLogs(watching=True, user_slots=8)
    known.writes.update(enumerate(writes))
    return known


def test_a_get_must_report_what_the_log_had_when_it_was_called() -> None:
    stands = log(1, 2)
    assert must_report(get(stands), stands) == BEFORE


def test_a_get_need_not_report_what_was_written_since() -> None:
    stands = log(1, 2, 3)
    assert 3 not in must_report(get(stands), stands)


def test_a_get_need_not_report_what_has_left_the_log_since() -> None:
    stands = log(2)
    assert must_report(get(stands), stands) == {2: Why.SPARED}


@pytest.mark.parametrize(("alone", "steady"), [(False, True), (True, False)])
def test_what_overlaps_a_get_excuses_it(*, alone: bool, steady: bool) -> None:
    stands = log(1, 2)
    assert must_report(get(stands, alone=alone, steady=steady), stands) == {}


def test_a_get_may_report_what_was_written_since_or_is_being_written() -> None:
    stands = log(1, 2)
    call = replace(get(stands), written={0})
    in_flight = Write(((0, 16 + 3), (0, 16 + 4), (1, 16)), [])
    assert may_report(logs(), call, stands) == frozenset({0, 1, 2})
    assert may_report(logs(in_flight), call, stands) == frozenset(range(4))


def test_gets_that_overlap_may_each_report_a_page() -> None:
    stands = log(1, 2)
    assert may_report(logs(), get(stands, alone=False), stands) == frozenset({1, 2})


def test_a_get_that_a_request_overlaps_may_report_any_page() -> None:
    stands = log(1, 2)
    assert may_report(logs(), get(stands, steady=False), stands) is None
    assert may_report(logs(), replace(get(stands), may_report=None), stands) is None


@pytest.mark.parametrize(
    ("cleared", "why"), [(set[int](), Why.WRITTEN), ({1}, Why.REARMED)]
)
def test_a_certain_write_must_be_reported(cleared: set[int], why: Why) -> None:
    stands = Log(SLOT, may_report=set(), cleared=set(cleared))
    stands.written(1, is_certain=True)
    assert (stands.must_report, stands.may_report) == ({1: why}, {1})
    assert not stands.cleared


def test_a_write_that_is_not_certain_may_be_reported_and_need_not() -> None:
    stands = Log(SLOT, may_report=set())
    stands.written(1, is_certain=False)
    assert (stands.must_report, stands.may_report) == ({}, {1})
