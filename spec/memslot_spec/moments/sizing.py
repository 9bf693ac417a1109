"""The moment at which the page budget is read: of which pages it has to be made."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import MmuPages
from memslot_spec.model.readers import total_pages
from memslot_spec.model.replies import Reply
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class BudgetRead:
    """The page budget was read, and it is known of how many pages it is made.

    In v2.6.34 those are the pages of the one table that the reader may have loaded.
    Today a CREATE or a DELETE keeps count and leaves the budget: it is known while no
    request is under way, once there was a slot.
    """

    pages: int
    reply: Reply


def _budget_read(facts: Facts, answered: Answered) -> BudgetRead | None:
    if not isinstance(answered.operation, MmuPages):
        return None
    tables = answered.candidates
    if facts.profile.keeps_budget:
        if not facts.had_a_slot or not facts.undisturbed(answered.call):
            return None
        tables = facts.possible_tables()
    if len(tables) != 1:
        return None
    return BudgetRead(total_pages(tables[0]), answered.reply)


MAKINGS: Makings = (Making(BudgetRead, Answered, _budget_read),)
