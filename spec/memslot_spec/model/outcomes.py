"""What a request may do to a table, be it of slots with ids or of ranges without."""

from __future__ import annotations

from memslot_spec.model.operations import SetRegion, TableRequest
from memslot_spec.model.plan import Outcome, plan
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.range_rules import RangeRules
from memslot_spec.model.range_table import range_plan, without_errno
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import SlotTable


def outcomes_of(
    request: TableRequest,
    table: SlotTable,
    profile: Profile,
    limits: Limits,
    rules: RangeRules,
) -> tuple[Outcome, ...]:
    """Every allowed outcome of a request on this table, never none."""
    if not isinstance(request, SetRegion):
        return range_plan(table, request, rules)
    return plan(
        table,
        request.region,
        profile,
        limits,
        private=request.private,
        failure=request.failure,
    )


def promised_of(request: TableRequest, reply: Reply) -> Reply:
    """The reply, as far as somebody promised it: of ranges no errno is."""
    return reply if isinstance(request, SetRegion) else without_errno(reply)
