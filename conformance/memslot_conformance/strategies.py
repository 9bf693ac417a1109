"""Hypothesis strategies for what an implementation of memory slots is asked.

Each is given the header of an implementation, which says what it supports and up to
which numbers, and the table of slots so far. What is drawn lies at edges: of the slots
that are there, of the limits, and of the machine's words. It shrinks towards few, low
and plain numbers. `machine` has rules that draw so, and knows the table itself.

A header comes of `memslot_conformance.targets.resolve.resolve(NAME).header`, or is
written down.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from hypothesis import strategies as st

from memslot_conformance.scenarios.drawn.by_hypothesis import Drawn
from memslot_conformance.scenarios.drawn.corner import Corner, draw_corner
from memslot_conformance.scenarios.drawn.host import host_range
from memslot_conformance.scenarios.drawn.kinds import KINDS
from memslot_conformance.scenarios.drawn.races import Drawing
from memslot_conformance.scenarios.drawn.regions import draw_region
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_spec.history.header import Header, Interleaving
from memslot_spec.model.operations import Operation
from memslot_spec.model.values import EMPTY, MemoryRegion, SlotTable

T = TypeVar("T")

MOST_STEPS = 12
"""Operations of a scenario without a race, at most."""


def regions(
    header: Header, table: SlotTable = EMPTY
) -> st.SearchStrategy[MemoryRegion]:
    """Requests of user space: to create, delete, move or change a slot of the table.

    Also such as are to be refused: overlapping, misaligned, out of range, too large.
    """
    return _about(header, table, draw_region)


def frames(
    header: Header, table: SlotTable = EMPTY
) -> st.SearchStrategy[tuple[int, int]]:
    """Guest frame numbers, each with its address space; in slots and beside them."""
    return _about(header, table, Situation.frame)


def host_ranges(
    header: Header, table: SlotTable = EMPTY
) -> st.SearchStrategy[tuple[int, int]]:
    """Ranges of host memory in bytes, first and end; the end is not in the range.

    Over pages of slots most often, from their edges or across these.
    """
    return _about(header, table, host_range)


def operations(
    header: Header, table: SlotTable = EMPTY, *, kind: type[Operation] | None = None
) -> st.SearchStrategy[Operation]:
    """Any operation that the header names, or any of one kind.

    `DestroyVm` is not among them: nothing may be asked after it. Errors: `ValueError`
    where the header does not name that kind, or where it is `DestroyVm`.
    """
    palette = palette_of(header)
    if kind is None:
        return _about(header, table, palette.draw_in)
    if kind.__name__ not in palette.kinds:
        message = f"{kind.__name__} is not drawn for {header.target}"
        raise ValueError(message)
    return _about(header, table, KINDS[kind].draw)


def scenarios(
    header: Header, table: SlotTable = EMPTY, *, raced: bool | None = None
) -> st.SearchStrategy[Scenario]:
    """Operations that follow each other on a VM, and a race of threads if `raced`.

    Without a choice there is a race where the header says that the implementation may
    be called by several threads. What is asked first finds the table as it is given.
    """
    if raced is None:
        raced = header.capabilities.interleaving is not Interleaving.NONE
    return _scenarios(header, table, raced=raced)


def corners(header: Header) -> st.SearchStrategy[Corner]:
    """A part of the guest's and the host's memory, to which much of a run keeps."""
    return _corners(header)


@st.composite
def _about(
    draw: st.DrawFn, header: Header, table: SlotTable, what: Callable[[Situation], T]
) -> T:
    choices = Drawn(draw)
    corner = draw_corner(choices, header)
    return what(Situation(table, rng=choices, header=header, corner=corner))


@st.composite
def _corners(draw: st.DrawFn, header: Header) -> Corner:
    return draw_corner(Drawn(draw), header)


@st.composite
def _scenarios(
    draw: st.DrawFn, header: Header, table: SlotTable, *, raced: bool
) -> Scenario:
    drawing = Drawing(palette_of(header), Drawn(draw), table)
    if raced:
        return drawing.scenario()
    steps: Operations = ()
    for _ in range(1 + Drawn(draw).below(MOST_STEPS)):
        steps += drawing.steps()
    return Scenario(prefix=steps)
