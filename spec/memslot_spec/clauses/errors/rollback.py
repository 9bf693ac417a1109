"""Errors: a request that fails leaves things as if it had not been made."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words.tables import describe_apart
from memslot_spec.known import Known
from memslot_spec.model.replies import Refused
from memslot_spec.moments.replies import TableLeft
from memslot_spec.moments.tables import ShownAfter


def was_refused(facts: Facts, left: TableLeft) -> bool:
    return isinstance(left.update.reply, Refused) and left.update.base is not None


def table_as_before(facts: Facts, left: TableLeft) -> str:
    before = left.update.base or left.table
    return f"the table as before: {describe_apart(before, left.table)}"


def table_left(facts: Facts, left: TableLeft) -> str:
    before = left.update.base or left.table
    return f"the refused request leaves {describe_apart(left.table, before)}"


@clause(
    id="ERR-1",
    title="A failed request leaves the table as it was",
    must="When a request has failed, the current table MUST equal the one before "
    "it: a slot published as INVALID on the way is published valid again.",
    known=Known(
        read='"KVM: Reinstall old memslots if arch preparation fails"; 6.1 '
        "virt/kvm/kvm_main.c:1877, kvm_set_memslot()",
        last_read="2026-11",
    ),
    rows=(65,),
    on=TableLeft,
    premise=was_refused,
    expected=table_as_before,
    observed=table_left,
    points=("TablePublished", "TableLoaded"),
)
def rolled_back(facts: Facts, left: TableLeft) -> bool:
    return left.table == left.update.base


def a_refusal_came_last(facts: Facts, shown: ShownAfter) -> bool:
    return isinstance(shown.last.reply, Refused)


def shown_as_before(facts: Facts, shown: ShownAfter) -> str:
    return f"the table as before: {describe_apart(shown.before, shown.table)}"


def what_is_shown(facts: Facts, shown: ShownAfter) -> str:
    return f"shown: {describe_apart(shown.table, shown.before)}"


@clause(
    id="ERR-2",
    title="A failed request changes nothing that is shown",
    must="When a request has failed, introspection MUST show the table as it was "
    "before.",
    known=Known(
        read='"KVM: Reinstall old memslots if arch preparation fails"; 6.1 '
        "virt/kvm/kvm_main.c:1877, kvm_set_memslot()",
        last_read="2026-11",
    ),
    rows=(65,),
    on=ShownAfter,
    premise=a_refusal_came_last,
    expected=shown_as_before,
    observed=what_is_shown,
    shows=("table",),
)
def shown_unchanged(facts: Facts, shown: ShownAfter) -> bool:
    return shown.table == shown.before


CLAUSES: tuple[AnyClause, ...] = (rolled_back, shown_unchanged)
