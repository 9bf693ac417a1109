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


NO_MEMORY, ENOUGH = "refused ENOMEM", "there is memory for it"


@choice(
    id="no-memory",
    title="A request for more pages than there need be memory for",
    options=(NO_MEMORY, ENOUGH),
    source="6.1 arch/x86/kvm/x86.c:12862, kvm_arch_prepare_memory_region(); patch, "
    "__kvm_set_memory_region: vmalloc() of the reverse maps",
    profiles=BOTH,
    clauses=("REQ-28",),
    on=Updated,
    scarce=True,
)
def no_memory(facts: Facts, update: Updated) -> str | None:
    """What became of a request that needs memory nobody promised."""
    if not update.may_lack_memory or update.wrong:
        return None
    return NO_MEMORY if update.ran_out_of_memory else ENOUGH


CHOICES: tuple[AnyChoice, ...] = (injected_failure, rollback, no_memory)
