"""The virtual machine of v2.6.34, with what came of it repaired."""

from __future__ import annotations

from memslot_reference.dirty_swap import DirtySwap


class Kvm(DirtySwap):
    """A VM that copies its table, and keeps the promises of its profile."""
