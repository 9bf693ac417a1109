"""Tables by ranges from calls and replies: what is held, and what is left alone."""

from __future__ import annotations

import pytest

from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Call, Event, Finished, Return
from memslot_spec.history.header import Capabilities, Domain, Header, Interleaving
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import (
    AddRange,
    GetDirtyRange,
    GfnToHva,
    GuestAccess,
    Operation,
    RemoveRange,
    ReplaceTable,
)
from memslot_spec.model.profile import Limits
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.replies import (
    Accessed,
    DirtyLog,
    Done,
    FoundHva,
    Mmio,
    Refused,
    Reply,
)
from memslot_spec.model.values import Errno, MemoryRange

RULES = RangeRules(removal=Removal.EXACT, fresh_logs=True)

ADD, OTHER = AddRange(16, 4, 0x10000), AddRange(16, 4, 0x90000)
REMOVE = RemoveRange(16, 4)
READ, WRITE = GuestAccess(17), GuestAccess(17, write=True)
LOG = GetDirtyRange(16, 4)
REACHED = Accessed(0x11000)
CLEAN, DIRTY = DirtyLog((0,)), DirtyLog((2,))
REPLACED = ReplaceTable((MemoryRange(16, 4, 0x90000),))

Said = tuple[Operation, Reply]


def header(rules: RangeRules = RULES) -> Header:
    kinds = (AddRange, RemoveRange, ReplaceTable, GetDirtyRange, GfnToHva, GuestAccess)
    return Header(
        target="ranges",
        profile="linux",
        limits=Limits(),
        capabilities=Capabilities(
            operations=tuple(kind.__name__ for kind in kinds),
            interleaving=Interleaving.THREADS,
        ),
        domain=Domain(ranges=rules),
    )


def broken(*events: Event, rules: RangeRules = RULES) -> set[str]:
    held = ApplicableClauses(header(rules), CLAUSES)
    judgement = judge_events(held, (*events, Finished(0, ())))
    assert judgement.contradiction is None
    assert judgement.undecided is None
    return {finding.clause for finding in judgement.findings}


def alone(*said: Said, rules: RangeRules = RULES) -> set[str]:
    """What one thread breaks by asking these and being told so."""
    events: list[Event] = []
    for operation, reply in said:
        events += [Call(0, operation), Return(0, reply)]
    return broken(*events, rules=rules)


@pytest.mark.parametrize(
    ("said", "clauses"),
    [
        (((ADD, Refused(None)),), {"RNG-6"}),
        (((ADD, Done()), (REMOVE, Refused(Errno.EINVAL))), {"RNG-1"}),
        (((ADD, Done()), (RemoveRange(16, 2), Done())), {"RNG-2"}),
        (((ADD, Done()), (AddRange(18, 4, 0), Done())), {"RNG-7"}),
        (((ADD, Done()), (AddRange(18, 4, 0), Refused(Errno.EPERM))), set[str]()),
        (((ADD, Done()), (REPLACED, Refused(None))), {"RNG-8"}),
        (
            ((ADD, Done()), (REMOVE, Done()), (READ, REACHED)),
            {"RNG-13", "DEL-12"},
        ),
        (((ADD, Done()), (REMOVE, Done()), (READ, Mmio())), set[str]()),
        (((ADD, Done()), (WRITE, REACHED), (LOG, CLEAN)), {"RNG-14"}),
        (((ADD, Done()), (WRITE, REACHED), (LOG, DIRTY), (LOG, CLEAN)), set[str]()),
        (((ADD, Done()), (LOG, DIRTY)), {"RNG-15"}),
        (((WRITE, Mmio()), (ADD, Done()), (LOG, CLEAN)), set[str]()),
    ],
)
def test_one_thread(said: tuple[Said, ...], clauses: set[str]) -> None:
    assert alone(*said) == clauses


def test_a_log_of_before_is_judged_where_ranges_begin_clean() -> None:
    again = (ADD, Done()), (WRITE, REACHED), (REMOVE, Done()), (OTHER, Done())
    assert alone(*again, (LOG, DIRTY)) == {"RNG-15"}
    assert alone(*again, (LOG, CLEAN)) == set()
    kept = RangeRules(removal=Removal.EXACT)
    assert alone(*again, (LOG, DIRTY), rules=kept) == set()


def test_a_log_that_nothing_clears_tells_of_a_write_each_time() -> None:
    keeps = RangeRules(removal=Removal.EXACT, reading_clears=False)
    said = (ADD, Done()), (WRITE, REACHED), (LOG, DIRTY)
    assert alone(*said, (LOG, DIRTY), rules=keeps) == set()
    assert alone(*said, (LOG, CLEAN), rules=keeps) == {"RNG-14"}


def test_what_a_replacement_keeps_may_have_lost_its_log() -> None:
    same = ReplaceTable((MemoryRange(16, 4, 0x10000),))
    for log in (CLEAN, DIRTY):
        said = (ADD, Done()), (WRITE, REACHED), (same, Done()), (LOG, log)
        assert alone(*said) == set()


def beside_a_replacement(found: int | None) -> set[str]:
    return broken(
        *(Call(0, ADD), Return(0, Done())),
        Call(1, REPLACED),
        *(Call(2, GfnToHva(17)), Return(2, FoundHva(found))),
        Return(1, Done()),
    )


def test_a_lookup_beside_a_replacement_is_of_the_old_table_or_the_new() -> None:
    assert beside_a_replacement(0x11000) == set()
    assert beside_a_replacement(0x91000) == set()
    assert "RNG-12" in beside_a_replacement(None)
    assert "RNG-12" in beside_a_replacement(0x12000)


@pytest.mark.parametrize("log", [CLEAN, DIRTY])
def test_a_write_beside_a_request_or_a_log_may_be_shown_or_not(log: DirtyLog) -> None:
    assert (
        broken(
            *(Call(0, ADD), Return(0, Done())),
            *(Call(1, WRITE), Call(2, REPLACED), Return(2, Done())),
            Return(1, Accessed(0x91000)),
            *(Call(0, LOG), Return(0, log)),
        )
        == set()
    )
    assert (
        broken(
            *(Call(0, ADD), Return(0, Done())),
            *(Call(1, WRITE), Call(2, LOG), Return(2, log), Return(1, REACHED)),
        )
        == set()
    )


def test_of_two_logs_at_once_either_may_tell() -> None:
    assert (
        broken(
            *(Call(0, ADD), Return(0, Done()), Call(0, WRITE), Return(0, REACHED)),
            *(Call(1, LOG), Call(2, LOG), Return(1, CLEAN), Return(2, DIRTY)),
        )
        == set()
    )


def test_a_range_of_terabytes_is_judged_by_what_was_written() -> None:
    vast, gfn = 1 << 40, 1 << 39
    said = (
        (AddRange(0, vast, 0), Done()),
        (GuestAccess(gfn, write=True), Accessed(gfn << 12)),
        (GetDirtyRange(0, vast), CLEAN),
    )
    assert alone(*said) == {"RNG-14"}
