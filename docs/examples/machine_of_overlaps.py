"""A bug of the museum, found by the machine: slots may overlap."""

from __future__ import annotations

from hypothesis import settings

from memslot_conformance import machine

Overlaps = machine("museum:U10")

TestOverlaps = Overlaps.TestCase
TestOverlaps.settings = settings(
    max_examples=200,
    stateful_step_count=20,
    deadline=None,
    database=None,
    derandomize=True,
    print_blob=False,
)
