"""Race a library in C from threads of this process, for ThreadSanitizer to watch."""

from __future__ import annotations

import sys

from memslot_conformance.play.threads import raced
from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.model.operations import GfnToMemslot, SetRegion
from memslot_spec.model.values import MemoryRegion

MAKE = SetRegion(MemoryRegion(0, 0, 0x1000, 0x10000))
DELETE = SetRegion(MemoryRegion(0, 0, 0, 0))
RACE = Scenario((MAKE,), ((GfnToMemslot(0),) * 200, (DELETE, MAKE) * 50))
PLAYS = 100

if __name__ == "__main__":
    target = resolve(sys.argv[1])
    for _ in range(PLAYS):
        raced(target.make, RACE)
