"""Readers of one table: what holds of every table that can be drawn."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from memslot_spec.model.operations import GuestAccess
from memslot_spec.model.profile import PROFILES, Limits, Profile
from memslot_spec.model.readers import (
    accesses,
    gfn_to_hva,
    gfn_to_memslot,
    is_visible_gfn,
    memslot_id,
)
from memslot_spec.model.replies import Accessed, Mmio
from memslot_spec.model.values import EMPTY, Gfn, Hva, Slot, SlotTable

LIMITS = Limits(user_slots=4)


slots = st.builds(
    Slot,
    st.integers(0, 6),
    st.integers(0, 12).map(Gfn),
    st.integers(1, 6),
    st.sampled_from((Hva(0), Hva(0x8000))),
    readonly=st.booleans(),
    invalid=st.booleans(),
    as_id=st.sampled_from((0, 0, 0, 1)),
)


@st.composite
def tables(draw: st.DrawFn) -> SlotTable:
    """Any table, also one whose slots overlap."""
    table = EMPTY
    for slot in draw(st.lists(slots, max_size=5)):
        table = table.with_slot(slot)
    return table


def owners(table: SlotTable, gfn: int) -> list[Slot]:
    """The slots that list the frame, lowest id first."""
    listed = [
        s for s in table if s.as_id == 0 and gfn in range(s.base, s.base + s.npages)
    ]
    return sorted(listed, key=lambda s: s.id)


@given(tables(), st.integers(0, 20))
def test_lookups_agree_with_the_listed_frames(table: SlotTable, gfn: int) -> None:
    listed = owners(table, gfn)
    first = listed[0] if listed else None
    assert gfn_to_memslot(table, gfn) == first
    assert memslot_id(table, gfn) == (first.id if first else None)
    usable = first is not None and not first.invalid and not first.readonly
    hva = gfn_to_hva(table, gfn)
    assert (hva is not None) == usable
    if first is not None and hva is not None:
        assert hva - first.hva == 0x1000 * (gfn - first.base)


@given(tables(), st.integers(0, 20))
def test_visible_means_some_valid_user_slot(table: SlotTable, gfn: int) -> None:
    valid = [s for s in owners(table, gfn) if s.id < 4 and not s.invalid]
    assert is_visible_gfn(table, gfn, LIMITS) == bool(valid)


guest_accesses = st.builds(GuestAccess, st.integers(0, 20), write=st.booleans())


@given(tables(), guest_accesses, st.sampled_from(PROFILES))
def test_an_access_always_has_an_explanation(
    table: SlotTable, access: GuestAccess, profile: Profile
) -> None:
    replies = accesses(table, access, profile, LIMITS)
    assert replies
    reached = [reply for reply in replies if isinstance(reply, Accessed)]
    slot = gfn_to_memslot(table, access.gfn)
    protected = slot is not None and slot.readonly and access.write
    backed = slot is not None and not slot.invalid and not protected
    assert bool(reached) == backed
    is_private = slot is not None and slot.id >= LIMITS.user_slots
    may_be_emulated = (Mmio(),) if is_private else ()
    assert not reached or replies == (*reached, *may_be_emulated)
