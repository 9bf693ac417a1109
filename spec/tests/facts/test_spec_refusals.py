"""What a refusal is held to: the answers and the options that were seen before it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from judged_histories import BLIND, HAVE_A, PUT_A, PUT_B, asked
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Event, Return
from memslot_spec.history.header import Header, History
from memslot_spec.judging.judge import judge
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    GetDirtyLog,
    GuestAccess,
    MmuPages,
    SetRegion,
)
from memslot_spec.model.profile import LINUX
from memslot_spec.model.replies import Accessed, DirtyLog, Done, Mmio, Number, Refused
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    Errno,
    Hva,
    MemoryRegion,
)

TODAY = replace(BLIND, profile=LINUX.name)
OVER_A = SetRegion(MemoryRegion(1, 17 << 12, 4 << 12, 0x20_0000))
REFUSED = asked(0, OVER_A, Refused(Errno.EEXIST))
BAD_OPTIONS = asked(0, EnableManualProtect(2), Refused(Errno.EINVAL))
BEFORE, AFTER = asked(0, MmuPages(), Number(64)), asked(0, MmuPages(), Number(65))


def broken(clause: str, head: Header, *events: Event) -> bool:
    """The clause is broken, and the history contradicts nothing."""
    judgement = judge(History(head, events), [clause_by_id(clause)])
    assert judgement.contradiction is None
    return bool(judgement.findings)


@pytest.mark.parametrize("refused", [REFUSED, BAD_OPTIONS, (*REFUSED, *BAD_OPTIONS)])
def test_an_answer_stays_what_it_was_before_a_refusal(
    refused: tuple[Event, ...],
) -> None:
    assert broken("ERR-6", TODAY, *HAVE_A, *BEFORE, *refused, *AFTER)
    assert not broken("ERR-6", TODAY, *HAVE_A, *BEFORE, *refused, *BEFORE)


def test_no_refusal_is_blamed_for_what_something_else_may_have_changed() -> None:
    accepted = asked(0, PUT_B, Done())
    access = asked(0, GuestAccess(40), Mmio())
    for between in (accepted, access):
        history = (*HAVE_A, *BEFORE, *REFUSED, *between, *AFTER)
        assert not broken("ERR-6", TODAY, *history)
    assert not broken("ERR-6", TODAY, *HAVE_A, *BEFORE, *AFTER)


def test_what_is_asked_beside_other_calls_is_held_to_nothing() -> None:
    beside = (Call(1, MmuPages()), *REFUSED, Return(1, Number(70)))
    assert not broken("ERR-6", TODAY, *HAVE_A, *BEFORE, *beside, *AFTER)


LOGGED = replace(PUT_A, region=replace(PUT_A.region, flags=LOG_DIRTY_PAGES))
WRITTEN = asked(0, GuestAccess(17, write=True), Accessed(Hva(0x10_1000)))
SHOWN = asked(0, GetDirtyLog(0), DirtyLog((0b10,)))
CLEAN = asked(0, GetDirtyLog(0), DirtyLog((0,)))
MANUAL = (
    *asked(0, EnableManualProtect(1), Done()),
    *asked(0, LOGGED, Done()),
    *WRITTEN,
)
CLEAR_REFUSED = asked(0, ClearDirtyLog(0, 0, 3, (2,)), Refused(Errno.EINVAL))


@pytest.mark.parametrize("refused", [REFUSED, BAD_OPTIONS])
def test_options_that_were_seen_stay(refused: tuple[Event, ...]) -> None:
    before = (*MANUAL, *SHOWN, *SHOWN, *refused, *SHOWN)
    assert broken("ERR-7", TODAY, *before, *CLEAN)
    assert not broken("ERR-7", TODAY, *before, *SHOWN)


def test_options_that_nobody_has_seen_blame_no_refusal() -> None:
    assert not broken("ERR-7", TODAY, *MANUAL, *SHOWN, *REFUSED, *SHOWN, *CLEAN)
    seen = (*MANUAL, *SHOWN, *SHOWN)
    accepted = asked(0, PUT_B, Done())
    history = (*seen, *REFUSED, *accepted, *SHOWN, *CLEAN)
    assert not broken("ERR-7", TODAY, *history)


def test_the_first_log_after_a_refusal_shows_the_page_whatever_the_options_are() -> (
    None
):
    seen = (*MANUAL, *SHOWN, *SHOWN)
    again = (*REFUSED, *SHOWN, *BAD_OPTIONS, *SHOWN)
    assert not broken("ERR-7", TODAY, *seen, *again)


def test_a_page_that_a_refused_clear_was_given_is_in_the_log() -> None:
    history = (*MANUAL, *CLEAR_REFUSED, *CLEAN)
    assert broken("DIRTY-26", TODAY, *history)
    assert not broken("DIRTY-4", TODAY, *history)
