"""The judge's facts by themselves: versions and handles, sections, shadow pages."""

from __future__ import annotations

import pytest

from memslot_spec.facts.mmu import Shadow, pages_at
from memslot_spec.facts.srcu import Sections
from memslot_spec.facts.tables import Tables
from memslot_spec.history.points.mmu import (
    RmapAdded,
    RmapRemoved,
    ShadowPageCreated,
    ShadowPageZapped,
    SlotBitSet,
    SpteMapped,
    SpteRemoved,
)
from memslot_spec.model.values import EMPTY, Gfn, Hva, Slot, table_of

A = Slot(0, Gfn(16), 4, Hva(0x10_0000))
B = Slot(1, Gfn(32), 4, Hva(0x20_0000))
ELSEWHERE = Slot(0, Gfn(16), 4, Hva(0x30_0000), as_id=1)
ONE, TWO, GOING = table_of(A), table_of(A, B), table_of(A.as_invalid())


def two_spaces() -> Tables:
    """Space 0 published handles 5 and 6, and space 1 handle 7 in between."""
    tables = Tables()
    tables.publish(5, ONE, step=10)
    tables.publish(7, table_of(A, ELSEWHERE), step=20, as_id=1)
    tables.publish(6, table_of(A, B, ELSEWHERE), step=30)
    return tables


@pytest.mark.parametrize(
    ("handle", "as_id", "version"),
    [
        (6, 0, 3),
        (7, 1, 3),
        (5, 0, 2),
        (99, 0, 0),
        (99, 1, 1),
        (99, 2, 3),
        (6, 2, 3),
        (5, 2, 3),
    ],
)
def test_a_handle_names_the_last_version_it_was_part_of(
    handle: int, as_id: int, version: int
) -> None:
    assert two_spaces().loaded(handle, as_id) == version


def test_a_load_is_of_address_space_0_where_none_is_named() -> None:
    tables = two_spaces()
    assert tables.loaded(99) == 0
    assert tables.handles[99] == 0


def test_a_version_is_replaced_at_the_step_of_the_next() -> None:
    tables = two_spaces()
    assert tables.replaced == {0: 10, 1: 20, 2: 30}
    assert tables.newest == 3
    assert tables.current == table_of(A, B, ELSEWHERE)
    assert tables.visible(2) == tuple(tables.versions[2:])


def test_a_table_lives_from_its_publication_to_its_end() -> None:
    tables = Tables()
    assert not tables.is_live(5)
    tables.publish(5, ONE, step=1)
    assert tables.is_live(5)
    tables.reclaimed.add(5)
    assert not tables.is_live(5)
    tables.publish(5, TWO, step=2)
    assert tables.is_live(5)


def test_a_store_gives_a_reclaimed_handle_away() -> None:
    tables = Tables()
    tables.publish(5, ONE, step=1)
    tables.written(5)
    assert tables.handles == {5: 1}
    tables.reclaimed |= {5, 9}
    for handle in (5, 9):
        tables.written(handle)
    assert tables.handles == {}
    assert tables.reclaimed == set()


def test_a_slot_is_closed_until_it_is_valid_again() -> None:
    tables = Tables()
    tables.publish(1, GOING, step=1)
    tables.close(1)
    assert tables.closed == {(0, 0): A.as_invalid()}
    tables.publish(2, GOING, step=2)
    tables.publish(3, EMPTY, step=3)
    assert tables.closed == {(0, 0): A.as_invalid()}
    tables.publish(4, ONE, step=4)
    assert tables.closed == {}


def test_sections_of_a_thread_are_left_in_any_order() -> None:
    sections = Sections()
    for index in (0, 1, 0):
        sections.enter(7, index)
    outer, middle, inner = sections.all_open()
    sections.leave(7, 1)
    assert [id(s) for s in sections.all_open()] == [id(outer), id(inner)]
    sections.leave(7, 0)
    assert [id(s) for s in sections.all_open()] == [id(outer)]
    sections.leave(7, 1)
    assert [id(s) for s in sections.all_open()] == [id(outer)]
    sections.leave(7, 0)
    assert sections.open == {}
    assert (outer.thread, middle.index, middle.loaded) == (7, 1, [])
    assert inner.handles == set()


def test_leaving_what_was_never_entered_changes_nothing() -> None:
    sections = Sections()
    sections.leave(7, 0)
    assert sections.all_open() == ()


def test_a_grace_period_waits_for_the_sections_open_when_it_began() -> None:
    sections = Sections()
    sections.enter(1, 0)
    sections.begin(9, step=40, version=3)
    sections.enter(2, 0)
    period = sections.periods[9]
    assert (period.thread, period.begun, period.version) == (9, 40, 3)
    assert [s.thread for s in sections.still_open(period)] == [1]
    # Another section of the same thread, like the first in every field.
    sections.leave(1, 0)
    sections.enter(1, 0)
    assert sections.still_open(period) == ()


def test_only_an_ended_period_counts_and_an_older_one_takes_nothing_back() -> None:
    sections = Sections()
    assert not sections.full_period_since(0)
    sections.begin(8, step=40, version=3)
    sections.begin(9, step=50, version=4)
    assert not sections.full_period_since(40)
    assert sections.end(9) is not None
    assert sections.full_period_since(50)
    assert not sections.full_period_since(51)
    assert sections.end(8) is not None
    assert (sections.last_begun, sections.grace_floor) == (50, 4)
    assert sections.end(8) is None


def mapped(page: int, index: int, gfn: int, level: int = 1) -> SpteMapped:
    hva = 0x10_0000 + ((gfn - 16) << 12)
    return SpteMapped(0, page, index, gfn, level, writable=True, hva=hva, table=1)


def test_one_spte_of_a_level_maps_so_many_pages() -> None:
    assert [pages_at(level) for level in (1, 2)] == [1, 512]


def test_the_bitmap_of_a_shadow_page_lives_as_long_as_the_page() -> None:
    shadow = Shadow()
    shadow.page_created(
        ShadowPageCreated(0, 3, 16, direct=False, capacity=36, slot_ids=(2,))
    )
    shadow.bit_set(SlotBitSet(0, 3, 5))
    shadow.bit_set(SlotBitSet(0, 4, 5))
    page = shadow.pages[3]
    assert (page.gfn, page.direct, page.capacity) == (16, False, 36)
    assert page.slot_ids == {2, 5}
    shadow.page_zapped(ShadowPageZapped(0, 3))
    shadow.page_zapped(ShadowPageZapped(0, 3))
    assert shadow.pages == {}


def test_a_second_mapping_at_one_place_is_another_mapping() -> None:
    shadow = Shadow()
    shadow.mapped(mapped(3, 0, 16), A)
    first = shadow.sptes[3, 0]
    shadow.mapped(mapped(3, 0, 17), A)
    second = shadow.sptes[3, 0]
    assert first.serial != second.serial
    assert (second.gfn, second.npages, second.level) == (17, 1, 1)
    assert (second.hva, second.slot, second.writable) == (0x10_1000, A, True)
    shadow.removed(SpteRemoved(0, 3, 0))
    assert shadow.sptes == {}


def test_mappings_are_found_by_host_page_and_by_slot() -> None:
    shadow = Shadow()
    shadow.mapped(mapped(3, 0, 16), A)
    shadow.mapped(mapped(3, 1, 17), A)
    low, high = (shadow.sptes[3, index].serial for index in (0, 1))
    assert shadow.serials_at_hva(0x10_0000) == {low}
    assert shadow.serials_at_hva(0x10_0FFF) == {low}
    assert shadow.serials_at_hva(0x10_1000) == {high}
    assert shadow.serials_at_hva(0x10_2000) == set()
    assert shadow.serials_in(0x10_0FFF, 0x10_1000) == {low}
    assert shadow.serials_in(0x10_0FFF, 0x10_1001) == {low, high}
    assert shadow.of_slot(Slot(0, Gfn(17), 1, Hva(0))) == (shadow.sptes[3, 1],)
    assert shadow.of_slot(ELSEWHERE) == ()


def test_a_place_leaves_one_reverse_map_at_a_time() -> None:
    shadow = Shadow()
    shadow.rmap_added(RmapAdded(0, 3, 0, 1, 1, 8))
    shadow.rmap_added(RmapAdded(0, 3, 0, 2, 1, 9))
    shadow.rmap_added(RmapAdded(0, 3, 1, 1, 1, 8))
    assert shadow.entries() == 3
    assert shadow.rmaps == {(0, 1, 1, 8): {(3, 0), (3, 1)}, (0, 2, 1, 9): {(3, 0)}}
    assert shadow.held_by == {
        (3, 0): [(0, 1, 1, 8), (0, 2, 1, 9)],
        (3, 1): [(0, 1, 1, 8)],
    }
    shadow.rmap_removed(RmapRemoved(0, 3, 0, 1, 1, 8))
    assert shadow.rmaps == {(0, 1, 1, 8): {(3, 1)}, (0, 2, 1, 9): {(3, 0)}}
    assert shadow.held_by == {(3, 0): [(0, 2, 1, 9)], (3, 1): [(0, 1, 1, 8)]}
    shadow.rmap_removed(RmapRemoved(0, 3, 0, 2, 1, 9))
    shadow.rmap_removed(RmapRemoved(0, 3, 1, 1, 1, 8))
    shadow.rmap_removed(RmapRemoved(0, 3, 1, 1, 1, 8))
    assert (shadow.rmaps, shadow.held_by, shadow.entries()) == ({}, {}, 0)


def test_a_reverse_map_is_in_its_slots_address_space() -> None:
    shadow = Shadow()
    shadow.mapped(
        SpteMapped(0, 3, 0, 17, 1, writable=False, hva=0, table=1, as_id=1), None
    )
    shadow.rmap_added(RmapAdded(0, 3, 0, 1, 1, 8))
    shadow.rmap_added(RmapAdded(0, 3, 1, 1, 1, 8, as_id=2))
    assert shadow.held_by == {(3, 0): [(1, 1, 1, 8)], (3, 1): [(2, 1, 1, 8)]}
    shadow.rmap_removed(RmapRemoved(0, 3, 0, 1, 1, 8))
    shadow.rmap_removed(RmapRemoved(0, 3, 1, 1, 1, 8, as_id=2))
    assert shadow.rmaps == {}


def test_every_change_of_a_place_is_seen_at_the_next_rest_and_once() -> None:
    shadow = Shadow()
    shadow.mapped(mapped(3, 0, 16), A)
    shadow.removed(SpteRemoved(0, 3, 1))
    shadow.rmap_added(RmapAdded(0, 3, 2, 1, 1, 8))
    shadow.rmap_removed(RmapRemoved(0, 3, 3, 1, 1, 8))
    shadow.removed(SpteRemoved(0, 3, 0))
    assert shadow.rest() == ((3, 0), (3, 1), (3, 2), (3, 3))
    assert shadow.rest() == ()
