"""What the rules of a machine draw: strategies that know the machine's VM so far.

They stand in a class, before there is a machine. So what they draw from, the table and
what is in view, is looked up in the machine that runs, when they are asked.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol, TypeVar

from hypothesis import strategies as st

from memslot_conformance.scenarios.drawn import caches, dirty, shapes
from memslot_conformance.scenarios.drawn.by_hypothesis import Drawn
from memslot_conformance.scenarios.drawn.copies import guest_range
from memslot_conformance.scenarios.drawn.defects import bad_hva
from memslot_conformance.scenarios.drawn.host import host_address, host_range
from memslot_conformance.scenarios.drawn.numbers import near
from memslot_conformance.scenarios.drawn.regions import (
    DEFECTS,
    draw_private,
    draw_set_region,
    draw_vast,
    within_reason,
)
from memslot_conformance.scenarios.drawn.shapes import RequestShape
from memslot_conformance.scenarios.drawn.situation import Situation
from memslot_conformance.scenarios.drawn.weights import (
    EVEN,
    OPTIONS,
    OWNERS,
    PAGES_AHEAD,
    ROOTS,
)
from memslot_conformance.stateful.subject import Subject, draw_subject, draw_theme
from memslot_conformance.stateful.vm import AskedVm
from memslot_conformance.targets.resolve import Target
from memslot_spec.arithmetic.ranges import PAGE_SIZE
from memslot_spec.model.operations import (
    GetDirtyLog,
    InitHvaCache,
    Operation,
    Origin,
    SetRegion,
    UseHvaCache,
)
from memslot_spec.model.values import (
    LOG_DIRTY_PAGES,
    PAGES_PER_HUGE_PAGE,
    Failure,
    MemoryRegion,
)

T = TypeVar("T")

KINDS_OF_REQUESTS = (
    *("odd", "odd", "wrong", "wrong", "wrong"),
    *("host", "host", "private", "failing", "any"),
)
BESIDE = 0.2
"""How often a frame is beside the one in view: in its word of a log or huge page."""

OVER_A_PAGE = 0.2
"""How often a range that is cached has a word in each of two pages."""

ALIGNED = 0.8
"""How often a slot among large ones has large pages whole."""

HUGE_PAGE_SIZE = PAGES_PER_HUGE_PAGE * PAGE_SIZE

ANY_FLAGS = 0.1
"""How often a new slot has any of the flags there may be."""

ODD_SHAPES: tuple[RequestShape, ...] = (
    shapes.no_op,
    shapes.delete_by_id,
    shapes.delete_absent,
    shapes.create_at_last_hva,
    shapes.overlapping,
    shapes.move_onto_another,
    shapes.move_to_any,
    shapes.resized,
    shapes.at_other_hva,
    shapes.toggle_readonly,
)
"""Requests that are more than one of the four changes, or are to be refused."""

FAILING_SHAPES: tuple[RequestShape, ...] = (
    shapes.create,
    shapes.delete,
    shapes.move,
    shapes.toggle_log,
)
"""Requests that fail when they are under way."""


class HasVm(Protocol):
    """A machine, as far as it is drawn for."""

    target: Target
    subject: Subject
    vm: AskedVm


@st.composite
def a_subject(draw: st.DrawFn) -> Subject:
    """What a run of the machine's implementation can be about."""
    machine: HasVm = draw(st.runner())
    return draw_subject(Drawn(draw), machine.target.header)


@st.composite
def a_theme(draw: st.DrawFn) -> str:
    """Another theme for it."""
    machine: HasVm = draw(st.runner())
    return draw_theme(Drawn(draw), machine.target.header)


@st.composite
def so_far(draw: st.DrawFn, what: Callable[[Situation], T]) -> T:
    """What this draws from the VM as it is when the rule is chosen."""
    machine: HasVm = draw(st.runner())
    return what(machine.vm.situation(Drawn(draw), machine.subject))


def _new_region(draw: Situation) -> MemoryRegion:
    """A free range most often, with host memory of its own or of another slot."""
    region = _placed(draw)
    if draw.corner.sizes == "huge" and draw.rng.chance(ALIGNED):
        region = replace(
            region,
            guest_phys_addr=region.guest_phys_addr & -HUGE_PAGE_SIZE,
            userspace_addr=region.userspace_addr & -HUGE_PAGE_SIZE,
        )
    if draw.is_about_logs and draw.rng.chance(EVEN):
        region = replace(region, flags=region.flags | LOG_DIRTY_PAGES)
    if draw.rng.chance(ANY_FLAGS):
        region = replace(region, flags=draw.rng.below(4))
    return within_reason(region)


def _placed(draw: Situation) -> MemoryRegion:
    if draw.slots() and draw.rng.chance(EVEN):
        shape = draw.rng.choice((shapes.create_adjacent, shapes.create_on_shared_hva))
        return shape(draw)
    return shapes.create(draw)


def _request(draw: Situation) -> SetRegion:
    """Any request, but most often one that is no rule of its own.

    It is about a slot in an odd way, or something is wrong with it by itself, its host
    range most often; or it is the kernel's own, or is made to fail on its way.
    """
    rng, domain = draw.rng, draw.header.domain
    kind = rng.choice(KINDS_OF_REQUESTS)
    if kind == "private" and domain.private_slots:
        return draw_private(draw)
    if kind == "any" or not draw.slots():
        return draw_set_region(draw)
    if kind == "failing" and domain.failures:
        region = within_reason(rng.choice(FAILING_SHAPES)(draw))
        return SetRegion(region, failure=Failure(rng.choice(domain.failures)))
    if kind == "host":
        return SetRegion(within_reason(bad_hva(draw, _new_region(draw))))
    region = rng.choice(ODD_SHAPES)(draw)
    if kind == "wrong":
        sound = rng.choice((shapes.same(draw.live()), _new_region(draw)))
        region = rng.pick(DEFECTS)(draw, sound)
    return SetRegion(within_reason(region))


def _place(draw: Situation) -> int:
    """Where a slot is moved: where nothing is, over itself, or onto others."""
    if not draw.slots() or draw.rng.chance(EVEN):
        return draw.base(1)
    slot = draw.live()
    return draw.free_base(slot.as_id, slot.npages, slot)


def _frame(draw: Situation) -> tuple[int, int]:
    view = draw.view
    if view is not None and draw.rng.chance(BESIDE):
        return near(draw.rng, view.gfn, draw.last), view.as_id
    return draw.frame()


def _gfn(draw: Situation) -> int:
    return _frame(draw)[0]


def _init(draw: Situation) -> Operation:
    """A range to resolve, more often over the end of a page."""
    drawn: Operation = caches.draw_init(draw)
    if isinstance(drawn, InitHvaCache) and draw.rng.chance(OVER_A_PAGE):
        gpa = (drawn.gpa & -PAGE_SIZE) + PAGE_SIZE - 8
        return replace(drawn, gpa=gpa, length=16)
    return drawn


def _use(draw: Situation) -> Operation:
    """A use of a cache that has a range, where one has."""
    drawn: Operation = caches.draw_use(draw)
    resolved = draw.ranges
    if not isinstance(drawn, UseHvaCache) or drawn.cache in resolved:
        return drawn
    return replace(drawn, cache=min(resolved, default=drawn.cache))


def _origin(draw: Situation) -> Origin:
    return Origin[draw.rng.choice(draw.header.domain.origins)]


def _logged(draw: Situation) -> int:
    """The word of a slot that logs, where there is one."""
    drawn: Operation = dirty.draw_get(draw)
    return drawn.slot if isinstance(drawn, GetDirtyLog) else 0


new_regions = so_far(_new_region)
places = so_far(_place)
requests = so_far(_request)
vast_requests = so_far(draw_vast)
frames = so_far(_frame)
gfns = so_far(_gfn)
guest_ranges = so_far(guest_range)
host_ranges = so_far(host_range)
host_addresses = so_far(host_address)
logged = so_far(_logged)
ranges_to_resolve = so_far(_init)
uses = so_far(_use)
origins = so_far(_origin)
owners = st.sampled_from(OWNERS)
roots = st.sampled_from(ROOTS)
page_counts = st.sampled_from(sorted(set(PAGES_AHEAD)))
flags = st.sampled_from((0, 1, 0, 1, 2, 3))
"""Bit 0 begins or ends a log; bit 1 is READONLY, or INVALID where that is unknown."""

options = st.sampled_from(OPTIONS)
