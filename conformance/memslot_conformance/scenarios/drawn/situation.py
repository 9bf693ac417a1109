"""What an operation is drawn from: a table, the law, a corner, and what is in view.

Every number of a request or an operation is drawn here, from a mixture whose parts
`weights` names: edges of slots that are there, edges of the law, edges of the
machine, numbers of any size, and small ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_conformance.scenarios.drawn.choices import Choices
from memslot_conformance.scenarios.drawn.corner import (
    FOUR_GIB,
    Corner,
    InView,
    any_id,
    ids_of,
)
from memslot_conformance.scenarios.drawn.numbers import (
    edge_of_machine,
    longer,
    near,
    wide,
)
from memslot_conformance.scenarios.drawn.scenario_weights import (
    NEAR,
    NEAR_IN_A_HUGE_PAGE,
)
from memslot_conformance.scenarios.drawn.touches import Left
from memslot_conformance.scenarios.drawn.weights import (
    ALIGNED_TO,
    BASES,
    EVEN,
    FRAMES,
    HOSTS,
    HUGE_SIZES,
    IN_A_CORNER,
    LARGEST_LOGGED,
    LOGGING,
    LOGGING_WHERE_READ,
    OFFSETS,
    OUT_OF_STEP,
    READONLY,
    SIZES,
    SMALL_SIZES,
    WORD_SIZES,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.arithmetic.slot_word import pack
from memslot_spec.history.header import Header
from memslot_spec.model.profile import Limits, Profile, profile_named
from memslot_spec.model.values import (
    BIT_1,
    LOG_DIRTY_PAGES,
    PAGES_PER_HUGE_PAGE,
    Slot,
)

TRIES = 16
"""How often a free range is looked for."""


@dataclass(slots=True, kw_only=True)
class Situation(Left):
    """What an operation is drawn from.

    `aimed` is how often it is about what is in view, `is_raced` whether others run,
    `is_about_logs` whether that race is about a log.
    `backing` is real memory for slots, where they need some: first byte address, and
    bytes. `last` is the last frame that may be asked for and that a slot may have,
    `largest_slot` the most pages of one.
    """

    rng: Choices
    header: Header
    corner: Corner
    aimed: float = 0.0
    view: InView | None = None
    is_raced: bool = False
    is_about_logs: bool = False
    backing: tuple[int, int] | None = None
    limits: Limits = field(init=False)
    profile: Profile = field(init=False)
    last: int = field(init=False)
    largest_slot: int = field(init=False)

    def __post_init__(self) -> None:
        self.limits = self.header.limits
        self.profile = profile_named(self.header.profile)
        self.last = min(self.header.domain.largest_gfn, self.limits.largest_gfn)
        self.largest_slot = self._largest_slot()

    def _largest_slot(self) -> int:
        """The most pages that a slot may have and that may be asked for."""
        domain, profile = self.header.domain, self.profile
        bounds = (
            self.last + 1,
            (self.limits.hva_end >> PAGE_SHIFT) or 1,
            domain.largest_slot,
            profile.max_pages,
        )
        most = min(bound for bound in bounds if bound is not None)
        return max(most // domain.page_granule, 1) * domain.page_granule

    def in_view(self) -> InView | None:
        """What is in view, for an operation that is to be about it."""
        if self.view is not None and self.rng.chance(self.aimed):
            return self.view
        return None

    def slots(self) -> tuple[Slot, ...]:
        """The slots of user space."""
        slots, limit = self.table.slots, self.limits.user_slots
        if not self.header.domain.private_slots:
            return slots
        return tuple([slot for slot in slots if slot.id < limit])

    def live(self) -> Slot:
        """One of the user slots that exist, most often the one in view."""
        view = self.in_view()
        if view is not None and view.slot_id is not None:
            slot = self.table.find(view.as_id, view.slot_id)
            if slot is not None:
                return slot
        return self.rng.choice(self.slots())

    def address_space(self) -> int:
        """An address space of the corner."""
        return self.rng.choice(self.corner.spaces)

    def unused(self, as_id: int | None = None) -> tuple[int, int]:
        """An address space and an id that name no slot of the table, if they can."""
        as_id = self.address_space() if as_id is None else as_id
        for _ in range(TRIES):
            slot_id = any_id(self.rng, self.header, self.corner.ids)
            if self.table.find(as_id, slot_id) is None:
                return as_id, slot_id
        near = (*self.corner.ids, *range(min(ids_of(self.header), 64)))
        absent = [i for i in near if self.table.find(as_id, i) is None]
        return as_id, self.rng.choice(absent or near)

    def word(self) -> int:
        """The word of a slot that may be there."""
        as_id = self.address_space()
        return pack(as_id, any_id(self.rng, self.header, self.corner.ids))

    def frame(self) -> tuple[int, int]:
        """A frame to look at, and its address space."""
        rng, last = self.rng, self.last
        view = self.in_view()
        if view is not None:
            is_near = rng.chance(self._nearness(view))
            return near(rng, view.gfn, last) if is_near else view.gfn, view.as_id
        as_id = self.address_space()
        match rng.pick(FRAMES):
            case "meeting" if self.table.slots:
                slot = rng.choice(self.table.slots)
                gfn, as_id = self.around(slot), slot.as_id
            case "corner" | "meeting":
                gfn = self.corner.base + rng.choice(IN_A_CORNER)
            case "law":
                gfn = last - rng.choice((0, 0, 1))
            case "machine" if self.table.slots and rng.chance(EVEN):
                slot = rng.choice(self.table.slots)
                gfn, as_id = longer(rng, self.around(slot), last), slot.as_id
            case "machine":
                gfn = edge_of_machine(rng, last)
            case "wide":
                gfn = wide(rng, last)
            case _:
                gfn = rng.below(8)
        return max(0, min(gfn, last)), as_id

    def _nearness(self, view: InView) -> float:
        """How often what is to be about this page is about one beside it."""
        slot = self.table.at(view.gfn, view.as_id) if self.is_raced else None
        is_huge = slot is not None and slot.npages >= PAGES_PER_HUGE_PAGE
        return NEAR_IN_A_HUGE_PAGE if is_huge else NEAR

    def around(self, slot: Slot) -> int:
        """A frame at an edge of a slot, on this side or the other, or inside it."""
        last = slot.base + slot.npages - 1
        inside = slot.base + self.rng.below(slot.npages)
        frames = (slot.base, slot.base, last, last, last + 1, slot.base - 1, inside)
        return max(0, min(self.rng.choice(frames), self.last))

    def npages(self) -> int:
        """A number of pages for a new slot, in whole granules."""
        rng, most = self.rng, self.largest_slot
        of_corner = self.corner.sizes
        match rng.pick(SIZES) if of_corner == "any" else of_corner:
            case "meeting" if self.table.slots:
                slot = rng.choice(self.table.slots)
                npages = slot.npages + rng.choice((-1, 0, 0, 1))
            case "small" | "meeting":
                npages = rng.choice(SMALL_SIZES)
            case "word":
                npages = rng.choice(WORD_SIZES)
            case "huge":
                npages = rng.choice(HUGE_SIZES)
            case "law":
                enough = self.limits.enough_pages
                laws = [most] if enough is None else [most, enough, enough + 1]
                npages = rng.choice(laws)
            case "machine":
                npages = edge_of_machine(rng, most)
            case _:
                npages = wide(rng, most)
        grain = self.header.domain.page_granule
        return max(min(npages, most) // grain, 1) * grain

    def base(self, npages: int) -> int:
        """A first frame for so many pages, wherever other slots are."""
        rng, grain = self.rng, self.header.domain.page_granule
        top = max(0, self.last + 1 - npages)
        corner = self.corner.base + rng.choice(OFFSETS)
        view = self.in_view()
        if view is not None and view.slot_id is None and rng.chance(EVEN):
            corner = view.gfn - rng.choice((0, 0, npages // 2, npages - 1))
        match rng.pick(BASES):
            case "corner":
                base = corner
            case "aligned":
                to = rng.choice(ALIGNED_TO)
                base = -(-corner // to) * to
                if rng.chance(EVEN):
                    base = -(-(base + npages) // to) * to - npages
            case "law":
                base = rng.choice((top, top, top - 1, FOUR_GIB - npages, FOUR_GIB))
            case "machine" if self.table.slots and rng.chance(EVEN):
                base = longer(rng, rng.choice(self.table.slots).base, top)
            case "machine":
                base = edge_of_machine(rng, top)
            case _:
                base = wide(rng, top)
        return max(0, min(base, top)) // grain * grain

    def free_base(self, as_id: int, npages: int, mover: Slot | None = None) -> int:
        """A first frame where no slot but the mover is met, if one is soon found."""
        others = [s for s in self.table if s.as_id == as_id and s is not mover]
        base = 0
        for number in range(TRIES):
            base = self.base(npages)
            if number >= TRIES // 2 and others:
                base = self._beside(self.rng.choice(others), npages, base)
            met = self.table.meeting(base, npages, as_id)
            if all(slot is mover for slot in met):
                break
        return base

    def _beside(self, slot: Slot, npages: int, base: int) -> int:
        """The first frame after a slot, or else what there was."""
        after = slot.base + slot.npages
        fits = after + npages <= self.last + 1
        return after if fits and after % self.header.domain.page_granule == 0 else base

    def host_page(self, base: int, npages: int) -> int:
        """A first host page for so many pages from a frame on."""
        rng = self.rng
        if self.backing is not None:
            start, size = self.backing
            last = max(0, (size >> PAGE_SHIFT) - npages)
            return (start >> PAGE_SHIFT) + rng.below(last + 1)
        top = max(0, (self.limits.hva_end >> PAGE_SHIFT) - npages)
        page = self.corner.host + rng.choice(OFFSETS)
        match rng.pick(HOSTS):
            case "in step":
                page = self.corner.host + base - self.corner.base
                page += rng.choice(OUT_OF_STEP)
            case "meeting" if self.table.slots:
                slot = rng.choice(self.table.slots)
                page = (slot.hva >> PAGE_SHIFT) + rng.choice((0, 0, 1, slot.npages))
            case "law":
                page = top - rng.choice((0, 0, 1))
            case "machine":
                page = edge_of_machine(rng, top)
            case "wide":
                page = wide(rng, top)
            case _:
                pass
        return max(0, min(page, top))

    def flags(self, npages: int) -> int:
        """Flags that a new slot of so many pages may have."""
        rng = self.rng
        can_read = "GetDirtyLog" in self.header.capabilities.operations
        logging = LOGGING_WHERE_READ if can_read else LOGGING
        log = npages <= LARGEST_LOGGED and rng.chance(logging)
        readonly = self.profile.has_readonly and rng.chance(READONLY)
        return LOG_DIRTY_PAGES * log | BIT_1 * readonly
