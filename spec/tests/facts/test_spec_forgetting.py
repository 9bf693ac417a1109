"""What a long history leaves among the facts: no more than can be asked about."""

from __future__ import annotations

from memslot_spec.facts.backing import Backing
from memslot_spec.facts.facts import Facts
from memslot_spec.facts.forgetting import EVERY, forget_tables
from memslot_spec.history.header import Capabilities, Header
from memslot_spec.model.operations import UnmapHva
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import EMPTY, Gfn, Hva, Slot, SlotTable, table_of

HEADER = Header(
    target="by hand",
    profile="linux",
    limits=Limits(),
    capabilities=Capabilities(
        operations=("SetRegion",), announces=("TableLoaded", "TablePublished")
    ),
)
MANY = 4 * EVERY


def table(number: int) -> SlotTable:
    return table_of(Slot(0, Gfn(number), 1, Hva(0)))


def after_many(*, reclaimed: bool) -> Facts:
    """Each table in a place of its own, which was given back or was not."""
    facts = Facts(HEADER)
    for number in range(1, MANY + 1):
        facts.tables.publish(number, table(number), step=number)
        facts.lives.published(table(number), ())
        facts.bitmaps.publish(table(number), (), None)
        if reclaimed:
            facts.tables.reclaimed.add(number - 1)
    facts.floor = facts.settled = facts.sections.grace_floor = MANY
    return facts


def left_of(facts: Facts) -> list[int]:
    return [v for v, one in enumerate(facts.tables.versions) if one != EMPTY]


def test_tables_that_nobody_can_have_are_forgotten() -> None:
    facts = after_many(reclaimed=True)
    forget_tables(facts)
    assert left_of(facts) == list(range(MANY - EVERY, MANY + 1))
    assert facts.tables.newest == MANY


def test_a_table_that_was_not_reclaimed_is_kept_until_it_is() -> None:
    facts = after_many(reclaimed=False)
    forget_tables(facts)
    assert left_of(facts) == list(range(1, MANY + 1))
    facts.tables.reclaimed |= set(range(MANY))
    forget_tables(facts)
    assert left_of(facts) == list(range(MANY - EVERY, MANY + 1))


def test_without_a_grace_period_no_table_is_forgotten() -> None:
    facts = after_many(reclaimed=True)
    facts.sections.grace_floor = 0
    forget_tables(facts)
    assert left_of(facts) == list(range(1, MANY + 1))


def test_replacements_are_counted_once_they_count_for_everybody() -> None:
    backing = Backing()
    for step in range(MANY):
        backing.called(0, UnmapHva(0x1000 * (step % 3)))
        backing.returned(0, step, oldest=step + 1)
    assert backing.replacements == []
    for page in range(3):
        expected = len(range(page, MANY, 3))
        assert backing.most(0x1000 * page) == expected
        assert backing.least(0x1000 * page, MANY) == expected
    assert backing.most(0x3000) == 0


def test_a_replacement_that_a_call_may_not_have_met_counts_for_the_most_alone() -> None:
    backing = Backing()
    backing.called(0, UnmapHva(0x1000))
    backing.returned(0, 5, oldest=3)
    assert backing.least(0x1000, 3) == 0
    assert backing.most(0x1000) == 1
    backing.called(0, UnmapHva(0x1000))
    backing.returned(0, 9, oldest=10)
    assert backing.least(0x1000, 10) == backing.most(0x1000) == 2
