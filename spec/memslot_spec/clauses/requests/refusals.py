"""Predicates about requests that several clause groups share."""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.facts.facts import Facts
from memslot_spec.model.replies import Done, Refused
from memslot_spec.model.updates import Objection
from memslot_spec.model.values import Errno
from memslot_spec.moments.replies import Updated

SOFTER_THAN_EINVAL = frozenset({Objection.OVERLAP, Objection.BEYOND_GUEST})
"""Objections that give way to every other: they are looked at last."""


def refused_with(update: Updated, errno: Errno) -> bool:
    """It was refused so; a target that gives no errno is taken at its word."""
    reply = update.reply
    return isinstance(reply, Refused) and reply.errno in {None, errno}


def refused_with_einval(facts: Facts, update: Updated) -> bool:
    """The reply is EINVAL."""
    return refused_with(update, Errno.EINVAL)


def refused_with_eexist(facts: Facts, update: Updated) -> bool:
    """The reply is EEXIST."""
    return refused_with(update, Errno.EEXIST)


def accepted(facts: Facts, update: Updated) -> bool:
    """The reply is success."""
    return isinstance(update.reply, Done)


def expects_einval(facts: Facts, update: Updated) -> str:
    """The refusal, with what is wrong with the request."""
    wrong = (*update.malformed, *update.conflicts)
    return f"refused EINVAL: {'; '.join(o.value for o in wrong)}"


def expects_eexist(facts: Facts, update: Updated) -> str:
    """The refusal that overlapping earns."""
    return "refused EEXIST: the range meets another slot"


def expects_done(facts: Facts, update: Updated) -> str:
    """Success."""
    return "done"


def malformed_by(objection: Objection) -> Callable[[Facts, Updated], bool]:
    """The request is wrong in this way, whatever the table."""

    def premise(facts: Facts, update: Updated) -> bool:
        return objection in update.malformed

    return premise


def conflicts_by(objection: Objection) -> Callable[[Facts, Updated], bool]:
    """The well-formed request is wrong in this way on its table."""

    def premise(facts: Facts, update: Updated) -> bool:
        return objection in update.conflicts and not update.malformed

    return premise


def has_hard_objection(update: Updated) -> bool:
    """Something other than overlap or the guest's limit is wrong."""
    wrong = (*update.malformed, *update.conflicts)
    return any(o not in SOFTER_THAN_EINVAL for o in wrong)


def is_faultless(update: Updated) -> bool:
    """Nothing is wrong with the request, on a table that is known."""
    return (
        update.base is not None
        and not update.malformed
        and not update.conflicts
        and update.operation.failure is None
    )


def refusal(
    number: int,
    objection: Objection,
    *,
    row: int,
    title: str,
    must: str,
    source: str,
    profiles: frozenset[str],
) -> AnyClause:
    """A clause on a request that is wrong in one way, whatever else it is."""
    of_table = objection in {
        Objection.ABSENT,
        Objection.RESIZED,
        Objection.HVA_CHANGED,
        Objection.READONLY_CHANGED,
    }
    return Clause(
        id=f"REQ-{number}",
        title=title,
        must=must,
        source=source,
        rows=(row,),
        profiles=profiles,
        on=Updated,
        premise=conflicts_by(objection) if of_table else malformed_by(objection),
        holds=refused_with_einval,
        expected=expects_einval,
        operations=("SetRegion",),
    )
