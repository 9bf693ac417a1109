"""From an operation to the method that carries it out, and back to a reply.

The one place where the suite calls a target. A refusal is a reply; an answer of
the wrong type is an error of the target.
"""

from __future__ import annotations

from typing import cast

from memslot_conformance.adapter.acting import act
from memslot_conformance.adapter.answers import NOTHING, TargetError, typed
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.complete import Complete
from memslot_conformance.adapter.looking import look_up
from memslot_conformance.adapter.on_ranges import RangeOperation, on_ranges
from memslot_conformance.adapter.protocols import (
    AnyImplementation,
)
from memslot_spec.model.operations import (
    GuestAccess,
    Operation,
    SetRegion,
    TableReader,
)
from memslot_spec.model.replies import (
    Done,
    Refused,
    Reply,
)
from memslot_spec.model.values import Errno


def perform(implementation: AnyImplementation, operation: Operation) -> Reply:
    """Have the target carry out one operation.

    Errors: `TargetError` where it has no method for the operation, or where the
    method answers with something else than the protocol says.
    """
    method = _method_of(operation)
    if not hasattr(implementation, method):
        message = f"the target has no method {method}()"
        raise TargetError(message)
    target = cast("Complete", implementation)
    if isinstance(operation, SetRegion):
        return _set_region(target, operation)
    if isinstance(operation, TableReader):
        return look_up(target, operation)
    if isinstance(operation, RangeOperation):
        return on_ranges(target, operation)
    return act(target, operation)


def _method_of(operation: Operation) -> str:
    if isinstance(operation, SetRegion) and operation.private:
        return "set_private_region"
    if isinstance(operation, GuestAccess) and not operation.may_use_spte:
        return "software_access"
    return METHODS[type(operation)]


def _set_region(target: Complete, operation: SetRegion) -> Reply:
    if operation.private:
        reply = target.set_private_region(operation.region)
    elif operation.failure is None:
        reply = target.set_region(operation.region)
    else:
        reply = target.set_region(operation.region, failure=operation.failure)
    typed("set_region()", reply, Done, Refused)
    if isinstance(reply, Refused):
        typed("the errno of set_region()", reply.errno, Errno, NOTHING)
    return reply
