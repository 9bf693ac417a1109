"""The arrays that a slot keeps by page: reverse maps, and where large pages fit.

Their indices count from the slot's base, so a slot that begins at another frame
needs others. After `kvm_alloc_memslot_metadata` and `kvm_arch_free_memslot`.
"""

from __future__ import annotations

from memslot_reference.memslots import MemorySlot
from memslot_reference.requests import SlotRequests
from memslot_spec.history.hook import Hook
from memslot_spec.history.points.host import MetadataAllocated, MetadataFreed
from memslot_spec.model.profile import Limits, Profile


class SlotMetadata(SlotRequests):
    """Who makes the arrays of a slot, and who frees them."""

    def __init__(self, hook: Hook, profile: Profile, limits: Limits) -> None:
        """Make a VM that has made no arrays yet."""
        super().__init__(hook, profile, limits)
        self.metadata_made = 0

    def prepare_metadata(self, new: MemorySlot | None) -> None:
        """Give a slot arrays of its own, unless it has those of before."""
        if new is None or new.metadata is not None:
            return
        self.metadata_made += 1
        new.metadata = self.metadata_made
        self.hook.point(
            MetadataAllocated,
            new.metadata,
            new.as_id,
            new.id,
            new.base_gfn,
            new.npages,
        )

    def free_metadata(self, metadata: int) -> None:
        """Give arrays back that no reader can have any more."""
        self.hook.point(MetadataFreed, metadata)

    def drop_new_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free the arrays of a request that failed; those it inherited stay."""
        metadata = None if new is None else new.metadata
        if metadata is not None and (old is None or metadata != old.metadata):
            self.free_metadata(metadata)

    def drop_old_metadata(self, old: MemorySlot | None, new: MemorySlot | None) -> None:
        """Free the arrays that no slot has any more."""
        metadata = None if old is None else old.metadata
        if metadata is not None and (new is None or metadata != new.metadata):
            self.free_metadata(metadata)
