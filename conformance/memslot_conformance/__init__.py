"""The conformance suite: it runs implementations and judges what they did.

Here are the protocols of an implementation under test. An adapter need not inherit
from them; it may, and a type checker then says what is missing. The command line is
`python -m memslot_conformance`. `machine(factory)` is the suite for a test of one's own
under pytest, and `memslot_conformance.strategies` is what it draws.
"""

from typing import TYPE_CHECKING

from memslot_spec.on_demand import on_demand

if TYPE_CHECKING:
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
        Foresees,
        HasDomain,
        HasInterleaving,
        Implementation,
        Make,
        SetsPrivateRegion,
        Shows,
    )
    from memslot_conformance.adapter.ranges import (
        AddsRanges,
        LogsDirtyRanges,
        RemovesRanges,
        ReplacesTable,
    )
    from memslot_conformance.adapter.readers import (
        CachesHva,
        CachesPages,
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
    from memslot_conformance.stateful.asking import (
        BrokenClauseError,
        BrokenTargetError,
    )
    from memslot_conformance.stateful.machine import machine

__all__ = [
    "AddsRanges",
    "AllocatesRoots",
    "Announces",
    "BrokenClauseError",
    "BrokenTargetError",
    "CachesHva",
    "CachesPages",
    "ClearsDirty",
    "CopiesGuestMemory",
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
    "Foresees",
    "Halts",
    "HasDomain",
    "HasInterleaving",
    "HasPageBudget",
    "HasTssBase",
    "Implementation",
    "LogsDirty",
    "LogsDirtyRanges",
    "Make",
    "MapsAhead",
    "ProtectsFrames",
    "ReleasesNotifier",
    "RemovesRanges",
    "ReplacesTable",
    "SetsPrivateRegion",
    "Shows",
    "TakesAccesses",
    "TakesAccessesInSpaces",
    "TakesAgeing",
    "TakesChanges",
    "TakesInvalidations",
    "TakesSoftwareAccesses",
    "TakesUnmaps",
    "machine",
]

if not TYPE_CHECKING:
    __getattr__ = on_demand(
        globals(),
        __all__,
        (
            "memslot_conformance.adapter.protocols",
            "memslot_conformance.adapter.readers",
            "memslot_conformance.adapter.ranges",
            "memslot_conformance.adapter.machine",
            "memslot_conformance.stateful.asking",
            "memslot_conformance.stateful.machine",
        ),
    )
