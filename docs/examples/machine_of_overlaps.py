"""A bug of the museum, found by the machine: slots may overlap."""

from __future__ import annotations

from hypothesis import settings

from memslot_conformance import machine

Overlaps = machine("museum:U10")

TestOverlaps = Overlaps.TestCase
TestOverlaps.settings = settings(
    TestOverlaps.settings,
    max_examples=200,
    stateful_step_count=10,
    database=None,
    derandomize=True,
    print_blob=False,
)
