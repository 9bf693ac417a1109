"""Which replies can be explained by the tables that a caller may have met."""

from __future__ import annotations

from collections.abc import Iterable

from memslot_spec.facts.facts import Facts
from memslot_spec.model.explain import BY_ONE_TABLE, explains
from memslot_spec.model.hva_caches import is_resolved_by_page, use_explained
from memslot_spec.model.operations import GuestAccess, Operation, UseHvaCache
from memslot_spec.model.replies import Reply
from memslot_spec.model.values import SlotTable


def any_explains(
    facts: Facts, tables: Iterable[SlotTable], operation: Operation, reply: Reply
) -> bool:
    """One of the tables explains the reply, or there is nothing to explain."""
    if isinstance(operation, UseHvaCache):
        cached = facts.cached.ranges.get(operation.cache)
        return use_explained(tables, cached, operation, reply)
    profile, limits = facts.profile, facts.limits
    for table in tables:  # noqa: SIM110 - mostly one, and a generator costs more
        if explains(table, operation, reply, profile, limits):
            return True
    return False


def is_explained_by_one_table(facts: Facts, operation: Operation) -> bool:
    """The operation answers from one table: later readers see no older one."""
    if isinstance(operation, UseHvaCache):
        cached = facts.cached.ranges.get(operation.cache)
        return cached is not None and not is_resolved_by_page(cached)
    if isinstance(operation, GuestAccess):
        return not operation.may_use_spte
    return isinstance(operation, BY_ONE_TABLE)
