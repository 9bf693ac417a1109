"""A move that lacks the memory for its arrays breaks nothing; a smaller one does."""

from __future__ import annotations

from dataclasses import replace

import pytest

from choice_histories import HUGE, LARGE, NO_MEMORY, header, request
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.events import Event
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import judge_events
from memslot_spec.model.operations import SetRegion
from memslot_spec.model.profile import BOTH
from memslot_spec.model.replies import Done
from memslot_spec.model.values import LOG_DIRTY_PAGES, table_of

MOVES = ("MOVE-6", "MOVE-7", "REQ-28")
ONTO_ITSELF = replace(HUGE.region, guest_phys_addr=HUGE.region.guest_phys_addr + 0x1000)
AND_LOGS = replace(ONTO_ITSELF, flags=LOG_DIRTY_PAGES)


def broken(profile: str, *, pages: int) -> set[str]:
    """What is broken where a move of a slot of so many pages answers ENOMEM."""
    size = pages << 12
    made = SetRegion(replace(HUGE.region, memory_size=size))
    moved = SetRegion(replace(AND_LOGS, memory_size=size))
    events: tuple[Event, ...] = (
        *request(made, Done(), table_of(replace(LARGE, npages=pages))),
        *request(moved, NO_MEMORY),
    )
    clauses = tuple(clause for clause in CLAUSES if clause.id in MOVES)
    held = ApplicableClauses(blind(header(profile)), clauses)
    return {each.clause for each in judge_events(held, without_points(events)).findings}


@pytest.mark.parametrize("profile", sorted(BOTH))
def test_a_move_of_more_pages_than_there_is_memory_for_may_fail(profile: str) -> None:
    assert broken(profile, pages=LARGE.npages) == set()


@pytest.mark.parametrize("profile", sorted(BOTH))
def test_a_move_of_few_pages_may_not(profile: str) -> None:
    assert broken(profile, pages=4) == set(MOVES)
