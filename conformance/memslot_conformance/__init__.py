"""The conformance suite: it runs implementations and judges what they did.

Here are the protocols of an implementation under test. An adapter need not inherit
from them; it may, and a type checker then says what is missing. The command line is
`python -m memslot_conformance`.
"""

from memslot_conformance.adapter.machine import (
    AllocatesRoots,
    ClearsDirty,
    CountsRmaps,
    DestroysVm,
    Halts,
    LogsDirty,
    ProtectsFrames,
    ReleasesNotifier,
    TakesAccesses,
    TakesAccessesInSpaces,
    TakesAgeing,
    TakesChanges,
    TakesInvalidations,
    TakesSoftwareAccesses,
    TakesUnmaps,
)
from memslot_conformance.adapter.protocols import (
    Announces,
    FailsOnDemand,
    HasDomain,
    HasInterleaving,
    Implementation,
    Make,
    SetsPrivateRegion,
    Shows,
)
from memslot_conformance.adapter.readers import (
    CachesHva,
    FindsHostPage,
    FindsHva,
    FindsHvaInSpaces,
    FindsId,
    FindsSlot,
    FindsSlotByVcpu,
    FindsSlotInSpaces,
    FindsVisibility,
    HasPageBudget,
    HasTssBase,
)

__all__ = [
    "AllocatesRoots",
    "Announces",
    "CachesHva",
    "ClearsDirty",
    "CountsRmaps",
    "DestroysVm",
    "FailsOnDemand",
    "FindsHostPage",
    "FindsHva",
    "FindsHvaInSpaces",
    "FindsId",
    "FindsSlot",
    "FindsSlotByVcpu",
    "FindsSlotInSpaces",
    "FindsVisibility",
    "Halts",
    "HasDomain",
    "HasInterleaving",
    "HasPageBudget",
    "HasTssBase",
    "Implementation",
    "LogsDirty",
    "Make",
    "ProtectsFrames",
    "ReleasesNotifier",
    "SetsPrivateRegion",
    "Shows",
    "TakesAccesses",
    "TakesAccessesInSpaces",
    "TakesAgeing",
    "TakesChanges",
    "TakesInvalidations",
    "TakesSoftwareAccesses",
    "TakesUnmaps",
]
