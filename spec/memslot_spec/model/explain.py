"""Whether a table explains a reply, for readers that answer from one table."""

from __future__ import annotations

from memslot_spec.model.hva_caches import (
    init_explained,
)
from memslot_spec.model.operations import (
    GfnToHva,
    GfnToHvaProt,
    GfnToMemslot,
    GuestAccess,
    InitHvaCache,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    Operation,
    TssBase,
    VcpuGfnToMemslot,
)
from memslot_spec.model.profile import Limits, Profile
from memslot_spec.model.readers import accesses, answer, gfn_to_memslot
from memslot_spec.model.replies import Reply, same_reply
from memslot_spec.model.values import SlotTable

TABLE_READERS = (
    GfnToMemslot,
    GfnToHva,
    GfnToHvaProt,
    VcpuGfnToMemslot,
    IsVisibleGfn,
    MemslotId,
    TssBase,
    MmuPages,
)
"""The operations whose reply the table alone decides.

Today requests decide the page budget, and `memslot_id` is not for holes.
"""

BY_ONE_TABLE = (*TABLE_READERS, InitHvaCache)
"""The operations that load the table once and answer from it."""


def explains(
    table: SlotTable,
    operation: Operation,
    reply: Reply,
    profile: Profile,
    limits: Limits,
) -> bool:
    """The table may have led to the reply, or no table decides it."""
    if isinstance(operation, GuestAccess):  # asked about most, so it comes first
        allowed = accesses(table, operation, profile, limits)
        return any(same_reply(one, reply) for one in allowed)
    if isinstance(operation, MmuPages) and profile.keeps_budget:
        return True
    if isinstance(operation, MemslotId) and not profile.names_holes:
        is_hole = gfn_to_memslot(table, operation.gfn) is None
        return is_hole or answer(table, operation, profile, limits) == reply
    if isinstance(operation, TABLE_READERS):
        return answer(table, operation, profile, limits) == reply
    if isinstance(operation, InitHvaCache):
        return init_explained(table, operation, reply)
    return True
