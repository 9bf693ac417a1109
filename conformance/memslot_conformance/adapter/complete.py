"""Every method that a target may have, as one protocol: for those who call them."""

from __future__ import annotations

from typing import Protocol

from memslot_conformance.adapter.machine import (
    AllocatesRoots,
    ClearsDirty,
    CopiesGuestMemory,
    CountsRmaps,
    DestroysVm,
    Halts,
    LogsDirty,
    MapsAhead,
    ProtectsFrames,
    ReleasesNotifier,
    TakesAccessesInSpaces,
    TakesAgeing,
    TakesChanges,
    TakesInvalidations,
    TakesSoftwareAccesses,
    TakesUnmaps,
)
from memslot_conformance.adapter.on_ranges import ByRanges
from memslot_conformance.adapter.protocols import (
    FailsOnDemand,
    SetsPrivateRegion,
)
from memslot_conformance.adapter.readers import (
    CachesHva,
    CachesPages,
    FindsHostPage,
    FindsHvaInSpaces,
    FindsId,
    FindsSlotByVcpu,
    FindsSlotInSpaces,
    FindsVisibility,
    HasPageBudget,
    HasTssBase,
)


class Complete(
    FailsOnDemand,
    SetsPrivateRegion,
    FindsSlotInSpaces,
    FindsSlotByVcpu,
    FindsHvaInSpaces,
    FindsHostPage,
    FindsVisibility,
    FindsId,
    HasTssBase,
    HasPageBudget,
    CachesHva,
    CachesPages,
    CountsRmaps,
    TakesAccessesInSpaces,
    TakesSoftwareAccesses,
    CopiesGuestMemory,
    MapsAhead,
    AllocatesRoots,
    TakesUnmaps,
    TakesInvalidations,
    TakesAgeing,
    TakesChanges,
    ProtectsFrames,
    LogsDirty,
    ClearsDirty,
    Halts,
    ReleasesNotifier,
    DestroysVm,
    ByRanges,
    Protocol,
):
    """A target with every method, as those see it who call them."""
