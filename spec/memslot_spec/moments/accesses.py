"""Moments of what the host asks about accesses, and of which page of it they reach."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import AgeHva, GuestAccess, UsePfnCache
from memslot_spec.model.replies import Accessed, Touched
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class Aged:
    """The host has aged a page: what the answer must be, as far as that is certain.

    `is_young`: an spte that was accessed since it was last aged has stood all the
    time. `is_old`: no spte that maps the page was.
    """

    hva: int
    answer: bool
    is_young: bool
    is_old: bool


@dataclass(slots=True)
class PageReached:
    """An access, or a use of a cached page, tells which page of the host it reached.

    The host had replaced what is behind the address `least` times before the access
    began, and may have done so `most` times by its end.
    """

    hva: int
    replaced: int
    least: int
    most: int


def _aged(facts: Facts, answered: Answered) -> Aged | None:
    operation, reply = answered.operation, answered.reply
    ageing = facts.ageing.ageings.get(answered.thread)
    if not isinstance(operation, AgeHva) or not isinstance(reply, Touched):
        return None
    if ageing is None:
        return None
    return Aged(
        operation.hva,
        reply.young,
        is_young=facts.ageing.is_young(facts.shadow, ageing, facts.host.unreachable),
        is_old=facts.ageing.is_old(ageing),
    )


def _page_reached(facts: Facts, answered: Answered) -> PageReached | None:
    reply = answered.reply
    if not isinstance(answered.operation, GuestAccess | UsePfnCache):
        return None
    if not isinstance(reply, Accessed) or reply.replaced is None:
        return None
    least = facts.backing.least(reply.hva, answered.call.step)
    most = facts.backing.most(reply.hva)
    return PageReached(reply.hva, reply.replaced, least, most)


MAKINGS: Makings = (
    Making(Aged, Answered, _aged),
    Making(PageReached, Answered, _page_reached),
)
