"""Facts about what callers cached: ranges of host addresses, hints, MMIO frames.

They come from calls and replies alone. A call's own reply is added once the
clauses have seen it. A cache is for one caller at a time, as the vCPU is that has a
hint: what two calls at once have left in it, nobody can tell.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from memslot_spec.facts.calls import CallFacts
from memslot_spec.model.hva_caches import HvaRange
from memslot_spec.model.operations import (
    GuestAccess,
    InitHvaCache,
    Operation,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.replies import Done, FoundSlot, Mmio, Refused, Reply
from memslot_spec.model.values import Slot

CACHING = (InitHvaCache, UseHvaCache, GuestAccess, VcpuGfnToMemslot)
"""The operations after which something may be cached."""


@dataclass(slots=True)
class Cached:
    """What later operations may be answered from, if nothing has changed.

    `ranges` has the range of each host address cache that was resolved. `wrapped`
    has those refused because they wrap, with the number of requests called until
    then. `hints` has the slot that each vCPU found last, `mmio` the frames that
    were ever found to be MMIO, with their address spaces. `vcpus_mixed` are the
    vCPUs that look up two frames at once, for as long as that goes on.
    """

    ranges: dict[int, HvaRange] = field(default_factory=dict[int, HvaRange])
    wrapped: dict[int, int] = field(default_factory=dict[int, int])
    hints: dict[int, Slot] = field(default_factory=dict[int, Slot])
    mmio: set[tuple[int, int]] = field(default_factory=set[tuple[int, int]])
    vcpus_mixed: set[int] = field(default_factory=set[int])

    def called(self, known: CallFacts, others: Iterable[CallFacts]) -> None:
        """One of the caching operations begins, while the others are under way."""
        operation = known.operation
        if isinstance(operation, InitHvaCache | UseHvaCache):
            known.cached = self.ranges.get(operation.cache)
            for other in others:
                beside = other.operation
                if not isinstance(beside, InitHvaCache | UseHvaCache):
                    continue
                if beside.cache == operation.cache:
                    known.overlapped = other.overlapped = True
                    known.cached = other.cached = None
                    self._forget(operation.cache)
        elif isinstance(operation, VcpuGfnToMemslot):
            for other in others:
                beside = other.operation
                if isinstance(beside, VcpuGfnToMemslot) and (
                    beside.vcpu == operation.vcpu
                ):
                    known.overlapped = other.overlapped = True
                    self.vcpus_mixed.add(operation.vcpu)
                    self.hints.pop(operation.vcpu, None)

    def returned(
        self, known: CallFacts, reply: Reply, requests: int, *, at_rest: bool
    ) -> None:
        """One of the caching operations has answered.

        `requests` is how many were called so far, `at_rest` that none was under way.
        """
        operation = known.operation
        if isinstance(operation, GuestAccess):
            if isinstance(reply, Mmio):
                self.mmio.add((operation.gfn, operation.as_id))
        elif isinstance(operation, InitHvaCache):
            self._forget(operation.cache)
            if not known.overlapped:
                self._resolved(operation, reply, requests, at_rest=at_rest)
        elif isinstance(operation, VcpuGfnToMemslot):
            self._found(operation, reply, overlapped=known.overlapped)

    def no_longer_mixed(
        self, operation: Operation, others: Iterable[CallFacts]
    ) -> None:
        """A lookup of a vCPU is over, while the others are under way."""
        if isinstance(operation, VcpuGfnToMemslot) and not any(
            isinstance(other.operation, VcpuGfnToMemslot)
            and other.operation.vcpu == operation.vcpu
            for other in others
        ):
            self.vcpus_mixed.discard(operation.vcpu)

    def _forget(self, cache: int) -> None:
        self.ranges.pop(cache, None)
        self.wrapped.pop(cache, None)

    def _found(
        self, lookup: VcpuGfnToMemslot, reply: Reply, *, overlapped: bool
    ) -> None:
        if overlapped:
            self.hints.pop(lookup.vcpu, None)
        elif isinstance(reply, FoundSlot) and reply.slot is not None:
            self.hints[lookup.vcpu] = reply.slot

    def _resolved(
        self, init: InitHvaCache, reply: Reply, requests: int, *, at_rest: bool
    ) -> None:
        """A cache that could not be resolved may keep what it had before."""
        cached = HvaRange(init.gpa, init.length)
        if isinstance(reply, Done) and init.length and not cached.wraps:
            self.ranges[init.cache] = cached
        elif isinstance(reply, Refused) and cached.is_backwards and at_rest:
            self.wrapped[init.cache] = requests
