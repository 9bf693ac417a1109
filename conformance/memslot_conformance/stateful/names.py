"""What the printed steps of a machine name, for whoever pastes them.

from memslot_conformance.stateful.names import *
"""

from memslot_conformance.scenarios.drawn.corner import Corner
from memslot_conformance.stateful.subject import Subject
from memslot_spec.model.operations import (
    ActivatePfnCache,
    ClearDirtyLog,
    InitHvaCache,
    Origin,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.values import Failure, MemoryRegion

__all__ = [
    "ActivatePfnCache",
    "ClearDirtyLog",
    "Corner",
    "Failure",
    "InitHvaCache",
    "MemoryRegion",
    "Origin",
    "SetRegion",
    "Subject",
    "UseHvaCache",
]
