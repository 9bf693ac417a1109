"""Choices of requests that fail on their way: whether they fail, and what is left."""

from __future__ import annotations

from memslot_spec.choice import AnyChoice, choice
from memslot_spec.facts.facts import Facts
from memslot_spec.model.profile import BOTH
from memslot_spec.model.replies import Refused
from memslot_spec.model.updates import Change, Objection
from memslot_spec.moments.replies import Updated

MET, PASSED_BY = "met: it fails", "not met: it succeeds"


@choice(
    id="injected-failure",
    title="A request that is made to fail on its way",
    options=(MET, PASSED_BY),
    source="an implementation need not come by the place",
    profiles=BOTH,
    clauses=("ERR-1", "ERR-2"),
    on=Updated,
    failures=True,
)
def injected_failure(facts: Facts, update: Updated) -> str | None:
    """Whether a request came by the place where it was made to fail."""
    if update.operation.failure is None or update.base is None or update.wrong:
        return None
    return MET if isinstance(update.reply, Refused) else PASSED_BY


PUT_BACK, BEFORE = "put back by a new table", "refused before the first step"


@choice(
    id="rollback",
    title="A delete or a move that fails on its way",
    options=(PUT_BACK, BEFORE),
    source='"KVM: Reinstall old memslots if arch preparation fails"',
    profiles=BOTH,
    clauses=("ERR-1", "ERR-2"),
    on=Updated,
    objections=(None, Objection.BEYOND_GUEST),
    points=("TableLoaded", "TablePublished"),
)
def rollback(facts: Facts, update: Updated) -> str | None:
    """How a delete or a move that failed on its way left the slot."""
    wrong, injected = update.wrong, update.operation.failure is not None
    fails_on_its_way = wrong == (Objection.BEYOND_GUEST,) or (injected and not wrong)
    if not fails_on_its_way or not isinstance(update.reply, Refused):
        return None
    if update.change not in {Change.DELETE, Change.MOVE}:
        return None
    return PUT_BACK if update.published else BEFORE


CHOICES: tuple[AnyChoice, ...] = (injected_failure, rollback)
