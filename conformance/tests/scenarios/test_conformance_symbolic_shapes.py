"""The shapes of the symbolic engine: which numbers are open, and what is asked."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from golden_blocks import check_block, check_keys
from memslot_conformance.scenarios.symbolic.shapes import LOOKUPS, Shape, shapes_of
from memslot_spec.history.header import Domain
from memslot_spec.history.words import describe_operation
from memslot_spec.model.profile import Limits
from memslot_spec.model.values import Hva
from pinned_draws import sum_of
from scenario_headers import HEADERS, LINUX

PINNED = Path(__file__).parent / "golden" / "shapes.txt"

A_RANGE = re.compile(r"integers\(min_value=([0-9_]+), max_value=([0-9_]+)\)")

NUMBERS = (3, 5, 7, 11, 13, 17, 19)


def open_numbers(shape: Shape) -> str:
    """The bounds of its numbers, by what Hypothesis says of itself."""
    return A_RANGE.sub(
        lambda found: f"{int(found[1])}..{int(found[2]):#x}", repr(shape.numbers)
    )


def of_shape(shape: Shape) -> list[str]:
    """Its name, its open numbers, and what is made of primes in their place."""
    count = {"any word and flags": 2, "any range": 3}.get(shape.name, len(NUMBERS))
    asked = shape.operations(NUMBERS[:count])
    words = [f"  {describe_operation(operation)}" for operation in asked]
    return [shape.name, f"  {open_numbers(shape)}", *words, f"  in all {sum_of(asked)}"]


@pytest.mark.parametrize("name", HEADERS)
def test_the_shapes_of_a_target_are_pinned(name: str, *, write_golden: bool) -> None:
    lines = [line for shape in shapes_of(HEADERS[name]) for line in of_shape(shape)]
    check_block(PINNED, name, "\n".join(lines), write=write_golden)


def test_the_pinned_shapes_are_of_these_targets(*, write_golden: bool) -> None:
    check_keys(PINNED, HEADERS, write=write_golden)


def test_a_lookup_is_asked_of_a_target_that_has_it() -> None:
    capabilities = replace(LINUX.capabilities, operations=("SetRegion", "MemslotId"))
    names = [s.name for s in shapes_of(replace(LINUX, capabilities=capabilities))]
    assert names == [
        "two slots",
        "two slots and MemslotId",
        "a slot replaced",
        "a slot moved",
        "any word and flags",
        "any range",
    ]
    assert [kind.__name__ for kind in LOOKUPS] == [
        "GfnToMemslot",
        "GfnToHva",
        "IsVisibleGfn",
        "MemslotId",
    ]


@pytest.mark.parametrize(
    ("hva_end", "frames", "pages", "hosts"),
    [
        # A slot of no more pages than there are frames, and of one granule at least.
        (1 << 47, 1023, 256, (1 << 35) - (1 << 24)),
        (1 << 47, 1022, 255, (1 << 35) - (1 << 24)),
        (1 << 47, 1, 1, (1 << 35) - (1 << 24)),
        # No host page where the largest slot has no room.
        ((1 << 36) - 1, 1023, 256, 0),
        ((1 << 36) + 4096, 1023, 256, 1),
        # The largest slot, in granules.
        (1 << 47, 1 << 30, 1 << 22, (1 << 35) - (1 << 24)),
    ],
)
def test_the_numbers_of_a_slot_fit_the_target(
    hva_end: int, frames: int, pages: int, hosts: int
) -> None:
    header = replace(
        LINUX,
        limits=Limits(hva_end=Hva(hva_end)),
        domain=Domain(largest_gfn=frames, page_granule=4),
    )
    bounds = (0, frames // 4), (1, pages), (0, hosts)
    slot = ", ".join(f"{least}..{most:#x}" for least, most in bounds)
    assert open_numbers(shapes_of(header)[0]) == f"tuples({slot}, {slot})"
