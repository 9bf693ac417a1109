"""Facts about what callers cached: ranges of host addresses, hints, MMIO frames.

They come from calls and replies alone. A call's own reply is added once the
clauses have seen it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import (
    GuestAccess,
    InitHvaCache,
    Operation,
    VcpuGfnToMemslot,
)
from memslot_spec.model.replies import Done, FoundSlot, Mmio, Refused, Reply
from memslot_spec.model.values import Slot

CACHING = (InitHvaCache, GuestAccess, VcpuGfnToMemslot)
"""The operations after which something may be cached."""


@dataclass(slots=True)
class Cached:
    """What later operations may be answered from, if nothing has changed.

    `ranges` has the range of each host address cache that was resolved. `wrapped`
    has those refused because they wrap, with the number of requests called until
    then. `hints` has the slot that each vCPU found last, `mmio` the frames that
    were ever found to be MMIO, with their address spaces.
    """

    ranges: dict[int, HvaRange] = field(default_factory=dict[int, HvaRange])
    wrapped: dict[int, int] = field(default_factory=dict[int, int])
    hints: dict[int, Slot] = field(default_factory=dict[int, Slot])
    mmio: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])

    def returned(self, operation: Operation, reply: Reply, requests: int) -> None:
        """One of the caching operations has answered."""
        if isinstance(operation, GuestAccess):
            if isinstance(reply, Mmio):
                self.mmio.add((operation.gfn, operation.as_id))
        elif isinstance(operation, InitHvaCache):
            self._resolved(operation, reply, requests)
        elif isinstance(operation, VcpuGfnToMemslot):
            self._found(operation, reply)

    def _found(self, lookup: VcpuGfnToMemslot, reply: Reply) -> None:
        if isinstance(reply, FoundSlot) and reply.slot is not None:
            self.hints[lookup.vcpu] = reply.slot

    def _resolved(self, init: InitHvaCache, reply: Reply, requests: int) -> None:
        """A cache that could not be resolved may keep what it had before."""
        self.ranges.pop(init.cache, None)
        self.wrapped.pop(init.cache, None)
        cached = HvaRange(init.gpa, init.length)
        if isinstance(reply, Done) and init.length and not cached.wraps:
            self.ranges[init.cache] = cached
        elif isinstance(reply, Refused) and cached.wraps:
            self.wrapped[init.cache] = requests
