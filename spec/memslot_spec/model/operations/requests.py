"""Requests to set, move or delete a slot."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.model.values import Failure, MemoryRegion


@dataclass(frozen=True, slots=True)
class SetRegion:
    """`KVM_SET_USER_MEMORY_REGION`; with `private`, the kernel's own request.

    `failure` is injected: the implementation is made to fail at that place.
    """

    region: MemoryRegion
    private: bool = False
    failure: Failure | None = None
