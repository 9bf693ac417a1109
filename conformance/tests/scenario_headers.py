"""Headers of targets that there are, and of some that bring out what those do not."""

from __future__ import annotations

from dataclasses import replace

from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.header import Domain
from memslot_spec.model.profile import Limits

REFERENCE = resolve("reference").header
LINUX = resolve("reference-linux").header

NARROW = replace(
    LINUX,
    limits=Limits(largest_gfn=0x207, address_spaces=3, user_slots=2),
    domain=Domain(
        largest_gfn=0x205,
        slots=3,
        private_slots=2,
        page_granule=4,
        failures=("ALLOCATE",),
    ),
)
"""Few slots, few frames, and pages in fours: what is drawn is cut off on all sides."""

BARE = replace(
    REFERENCE,
    capabilities=replace(REFERENCE.capabilities, operations=("SetRegion",)),
    limits=Limits(largest_gfn=(1 << 40) - 1, address_spaces=2, user_slots=509),
    domain=Domain(largest_gfn=(1 << 36) - 1, slots=509),
)
"""Requests alone, and no way to make them fail."""

TABLE = replace(
    REFERENCE,
    capabilities=replace(
        REFERENCE.capabilities,
        operations=("GfnToHva", "GfnToMemslot", "GuestAccess", "SetRegion"),
        announces=(),
    ),
    limits=Limits(largest_gfn=(1 << 40) - 1),
    domain=Domain(largest_gfn=1023, slots=2, failures=("PREPARE",)),
)
"""A table that is looked at, of which no log can be read."""

HEADERS = {
    "reference": REFERENCE,
    "reference-linux": LINUX,
    "narrow": NARROW,
    "bare": BARE,
    "table": TABLE,
}
