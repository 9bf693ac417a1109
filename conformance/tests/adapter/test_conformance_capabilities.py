"""What a target says of itself and has methods for; what it shows is typed."""

from __future__ import annotations

from typing import get_args

import pytest

from full_target import Full, Least
from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.capabilities import (
    METHODS,
    capabilities_of,
    observed,
    supported,
)
from memslot_spec.history.header import Capabilities, Interleaving
from memslot_spec.history.views import View
from memslot_spec.model.operations import Operation
from memslot_spec.model.values import (
    EMPTY,
    Gfn,
    Hva,
    MemoryRegion,
    Slot,
)

REGION = MemoryRegion(0, 0x1000, 0x2000, 0x7000)
SLOT = Slot(1, Gfn(2), 3, Hva(0x4000))


def test_every_operation_has_a_method_and_is_supported_by_it() -> None:
    full = Full()
    assert supported(full) == {kind.__name__ for kind in METHODS}  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert METHODS.keys() == {*get_args(Operation)}
    assert supported(Least()) == {"SetRegion"}


def test_capabilities_are_what_it_declares_has_and_shows() -> None:
    class Showing(Least):
        interleaving = Interleaving.POINTS
        announces = ("TableLoaded",)

        def tss_base(self) -> int:
            return 0

        def observe(self) -> View:
            return View(table=EMPTY, pages=())

    assert capabilities_of(Showing()) == Capabilities(
        operations=("SetRegion", "TssBase"),
        interleaving=Interleaving.POINTS,
        announces=("TableLoaded",),
        shows=("table", "pages"),
    )
    assert capabilities_of(Least()) == Capabilities(operations=("SetRegion",))


def test_introspection_is_optional_and_typed() -> None:
    class Wrong(Least):
        def observe(self) -> str:
            return "everything"

    assert observed(Least()) is None
    with pytest.raises(TargetError, match=r"observe\(\) gave 'everything'"):
        observed(Wrong())


def test_refuses_attributes_of_the_wrong_type() -> None:
    class Wrong(Least):
        interleaving = "points"

    with pytest.raises(TargetError, match="interleaving gave 'points'"):
        capabilities_of(Wrong())
