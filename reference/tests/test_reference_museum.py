"""The museum: every clause has a scenario that reaches it, and a mutant it kills.

A case is a clause, a mutant that breaks it, and a scenario. In it the reference
comes to what the clause is about and nothing is found, sighted or blind; the
mutant is found, by that clause's name.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

import museum_cases_caches
import museum_cases_dirty
import museum_cases_host
import museum_cases_spaces
from memslot_conformance.play.explore import bounded
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_reference.kvm import Kvm
from memslot_reference.memslots import MemorySlot, Memslots
from memslot_reference.museum import CATALOGUE, mutant_named
from memslot_reference.museum.mutant import Mutant
from memslot_reference.reference import MAX_GFN, default_limits
from memslot_reference.shadow import ShadowPage
from memslot_spec.arithmetic.ranges import PAGE_SHIFT, PAGE_SIZE, U64
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.hook import Hook, Silent
from memslot_spec.model.operations import (
    AllocateRoot,
    CountRmaps,
    DestroyVm,
    GfnToHva,
    GfnToMemslot,
    GuestAccess,
    Halt,
    IsVisibleGfn,
    MemslotId,
    MmuPages,
    ReleaseNotifier,
    SetRegion,
    TssBase,
    UnmapHva,
)
from memslot_spec.model.profile import LINUX, V2_6_34, Limits, Profile, profile_named
from memslot_spec.model.values import BIT_1, LOG_DIRTY_PAGES, Failure, MemoryRegion
from museum_cases import (
    AT_ANOTHER_HVA,
    FAR,
    HUGE,
    IN_PLACE_OF_S0,
    LOGGED,
    MOVED,
    OVER_S0,
    READ_17,
    READ_21,
    S0,
    S1,
    UNMAP_17,
    Case,
    alone,
    check_the_mutant,
    check_the_witness,
    delete,
    docket,
    found,
    judged,
    made_for,
    private,
    put,
    raced,
)

REQUESTS = (
    alone(
        "REQ-1",
        "accepts-misaligned",
        SetRegion(MemoryRegion(0, 0x10008, 0x4000, 0x1000000)),
        SetRegion(MemoryRegion(0, 0x10000, 0x4200, 0x1000000)),
    ),
    alone(
        "REQ-2",
        "accepts-misaligned-hva",
        SetRegion(MemoryRegion(0, 0x10000, 0x4000, 0x1000008)),
    ),
    alone(
        "REQ-3",
        "K26",
        SetRegion(MemoryRegion(0, 0x10000, 0x4000, Limits().hva_end)),
    ),
    alone(
        "REQ-3",
        "K27",
        SetRegion(MemoryRegion(0, 0x10000, 0x4000, 0xB4 << 56 | 0x1000000)),
    ),
    alone(
        "REQ-3",
        "K28",
        SetRegion(MemoryRegion(0, 0x10000, 1 << 32, Limits().hva_end - 0x4000)),
    ),
    alone(
        "REQ-4",
        "U11",
        SetRegion(MemoryRegion(0, U64 - PAGE_SIZE, 0x4000, 0x1000000)),
    ),
    alone("REQ-5", "accepts-private-id", put(32, 16, 4, 0x1000)),
    alone("REQ-6", "accepts-any-address-space", put(1 << 16, 16, 4, 0x1000)),
    alone("REQ-7", "accepts-unknown-flag", put(0, 16, 4, 0x1000, 1 << 5)),
    alone("REQ-8", "K10", put(0, 16, 4, 0x1000, BIT_1)),
    alone("REQ-9", "K10", put(0, 16, 4, 0x1000, BIT_1), is_blind=True),
    alone("REQ-10", "K21", put(0, 0, 1 << 31, 0)),
    alone("REQ-11", "deletes-absent", delete(0)),
    alone("REQ-12", "refuses-absent", delete(0)),
    alone("REQ-13", "forgets-delete", S0, delete(0), is_blind=True),
    alone("REQ-14", "accepts-resize", S0, put(0, 16, 8, 0x1000)),
    alone("REQ-15", "applies-new-hva", S0, AT_ANOTHER_HVA),
    alone("REQ-16", "toggles-readonly", S0, put(0, 16, 4, 0x1000, BIT_1)),
    alone("REQ-17", "K14", S0, AT_ANOTHER_HVA),
    alone("REQ-18", "K14", S0, AT_ANOTHER_HVA, is_blind=True),
    alone("REQ-19", "wrong-errno-overlap", S0, OVER_S0),
    alone("REQ-20", "refuses-touching", S1, S0),
    alone("REQ-21", "overlaps-itself", S0, put(0, 18, 4, 0x1000)),
    alone("REQ-22", "K29", private(LINUX, 17), S0),
    alone("REQ-23", "deletes-anywhere", S0, S1, delete(1, gfn=17)),
    alone("REQ-24", "K67", S0, S1, delete(1, gfn=17)),
    alone("REQ-25", "eexist-first", S0, S1, put(1, 16, 8, 0x2000)),
    alone(
        "REQ-26",
        "guest-limit-first",
        put(0, MAX_GFN - 3, 4, 0x1000),
        put(1, MAX_GFN - 1, 4, 0x2000),
    ),
    alone("REQ-27", "accepts-beyond-guest", put(0, MAX_GFN - 1, 4, 0x1000)),
    alone("REQ-28", "refuses-frame-zero", put(0, 0, 4, 0x1000)),
)

TABLES = (
    alone("SLOT-1", "one-page-long", S0),
    alone("SLOT-2", "starts-logging-others", S0, S1),
    alone("SLOT-3", "one-page-off", S0),
    alone("SLOT-3", "K66", private(V2_6_34, 16)),
    alone("SLOT-9", "drops-logging", put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)),
    alone("SLOT-4", "refuses-no-op", S0, S0),
    alone("SLOT-5", "publishes-no-op", S0, S0),
    alone("SLOT-6", "U10", S0, S1, put(1, 18, 4, 0x2000)),
    alone("SLOT-7", "edits-in-place", S0, LOGGED),
    alone("SLOT-8", "one-page-off", S0, is_blind=True),
)

LOOKUPS = (
    raced("LOOK-1", "hides-invalid", (S0,), (delete(0),), (GfnToMemslot(17),)),
    alone("LOOK-2", "finds-nearest", S0, GfnToMemslot(40)),
    raced("LOOK-3", "S20", (S0,), (delete(0),), (GfnToHva(17),)),
    alone("LOOK-4", "translates-without-base", S0, GfnToHva(17)),
    alone("LOOK-4", "U13", S0, GfnToHva(17)),
    alone("LOOK-5", "visible-private", private(V2_6_34, 17), IsVisibleGfn(17)),
    alone("MMU-5", "visible-private", private(V2_6_34, 17), AllocateRoot(17)),
    alone("LOOK-6", "answers-position", S1, MemslotId(21)),
    alone("LOOK-7", "K09", S0, MemslotId(40)),
)

SECTIONS = (
    raced("SRCU-1", "K01", (), (S0,), (TssBase(),)),
    raced("SRCU-1", "K02", (), (S0,), (TssBase(),)),
    raced("SRCU-2", "early-reclaim", (), (S0,), (GfnToHva(17),)),
    alone("SRCU-3", "keeps-pointer", S0, IsVisibleGfn(17), S1, IsVisibleGfn(17)),
    raced("SRCU-3", "K07", (S0,), (S1,), (MmuPages(),)),
    alone("SRCU-4", "early-reclaim", S0, S1),
    raced(
        "SRCU-5",
        "single-flip",
        (),
        (S0,),
        (S1,),
        (GfnToHva(17),),
        preemptions=2,
    ),
    alone(
        "SRCU-6",
        "loads-backwards",
        S0,
        READ_17,
        GfnToMemslot(17),
        S1,
        GfnToMemslot(17),
        UNMAP_17,
    ),
    raced("SRCU-7", "publishes-twice", (S0, READ_17), (S1,), (UNMAP_17,)),
    raced("SRCU-8", "locks-without-waiting", (), (S0,), (S1,)),
    alone("SRCU-9", "publishes-unlocked", S0),
    alone("SRCU-10", "locks-inside", S0, MmuPages()),
    alone("SRCU-11", "waits-inside", S0, MmuPages()),
    alone("SRCU-12", "guest-inside", S0, READ_17),
    alone("SRCU-13", "sleeps-inside", Halt()),
    raced("SRCU-14", "retries-inside", (S0,), (delete(0),), (READ_17,)),
    alone("SRCU-15", "K05", S0, READ_17, ReleaseNotifier()),
    alone("SRCU-15", "K06", READ_17),
    raced("SRCU-3", "K06", (S0,), (S1,), (GuestAccess(40),)),
    alone("SRCU-15", "K07", S0, MmuPages()),
    alone("SRCU-15", "K08", S0, GfnToHva(17)),
    raced("SRCU-3", "K08", (S0,), (S1,), (GfnToHva(17),)),
    alone("SRCU-16", "destroys-inside", DestroyVm()),
    alone("SRCU-17", "K04", S0, READ_17, DestroyVm()),
    raced(
        "SRCU-18",
        "remembers-answers",
        (GfnToMemslot(17), S0),
        (S1,),
        (GfnToMemslot(17),),
    ),
)

DELETES = (
    alone("DEL-1", "no-invalid-step", S0, delete(0)),
    alone("DEL-2", "flushes-early", S0, delete(0)),
    alone("DEL-3", "skips-window", S0, delete(0)),
    alone("DEL-4", "no-flush", S0, delete(0)),
    raced("DEL-5", "maps-invalid", (S0, S1), (delete(0),), (READ_21, READ_17)),
    raced(
        "DEL-6", "maps-invalid", (S0, FAR), (delete(0),), (READ_17, GuestAccess(0x601))
    ),
    raced("DEL-7", "notifier-skips-invalid", (S0, READ_17), (delete(0),), (UNMAP_17,)),
    alone("DEL-8", "hides-invalid", S0, READ_17, delete(0)),
    alone("DEL-9", "flush-misses-huge", HUGE, GuestAccess(0x201), delete(0)),
    raced("DEL-10", "reaches-invalid", (S0,), (delete(0),), (READ_17,)),
    raced("DEL-11", "invalid-is-mmio", (S0,), (delete(0),), (READ_17,)),
    alone("DEL-12", "retries-holes", READ_17),
    raced("DEL-13", "stops-while-invalid", (S0, S1), (delete(0),), (GfnToMemslot(21),)),
    alone("MOVE-1", "K12", S0, MOVED),
    alone("MOVE-1", "no-invalid-step", S0, MOVED),
    alone("MOVE-2", "skips-window", S0, MOVED),
    alone("MOVE-3", "no-flush", S0, MOVED),
)

MAPPINGS = (
    alone("MMU-1", "translates-from-zero", S0, READ_17),
    alone("MMU-2", "bit-only-on-create", S0, S1, READ_17, READ_21),
    raced("MMU-2", "late-bit", (S0,), (delete(0), IN_PLACE_OF_S0), (READ_17,)),
    alone("MMU-3", "bitmap-too-small", S0, READ_17),
    alone("MMU-4", "bitmap-not-empty", S0, FAR, READ_17, GuestAccess(0x601)),
    alone("MMU-5", "root-unchecked", AllocateRoot(17)),
    alone("RMAP-1", "rmap-wrong-list", S0, READ_17),
    alone("RMAP-2", "K60", S0, READ_17, UNMAP_17),
    alone("RMAP-3", "K23", HUGE, GuestAccess(0x201), UnmapHva(0x1201 << PAGE_SHIFT)),
    alone("RMAP-4", "K03", S0, READ_17, CountRmaps()),
    alone("RMAP-4", "audit-first-slot-only", S0, S1, READ_17, READ_21, CountRmaps()),
    alone(
        "HVA-1",
        "notifier-first-slot-only",
        S0,
        put(1, 32, 4, 0x1000),
        READ_17,
        GuestAccess(33),
        UNMAP_17,
    ),
    alone(
        "HVA-9",
        "notifier-first-slot-only",
        S0,
        put(1, 32, 4, 0x1000),
        READ_17,
        GuestAccess(33),
        UNMAP_17,
    ),
    alone("HVA-2", "skips-hva-zero", put(0, 16, 4, 0), GuestAccess(16), UnmapHva(0)),
)

THE_REST = (
    alone("SIZE-1", "budget-half", put(0, 0, 100_000, 0), MmuPages()),
    alone("SIZE-2", "K22", put(0, 0, 300_000_000, 0), MmuPages()),
    alone("TSS-1", "tss-off-by-one", S0, TssBase()),
    raced("TSS-2", "K01", (S0,), (delete(0),), (TssBase(),)),
    raced("TSS-2", "K02", (S0,), (delete(0),), (TssBase(),)),
    alone("ERR-1", "K11", S0, delete(0, failure=Failure.PREPARE)),
    alone("ERR-2", "K11", S0, delete(0, failure=Failure.PREPARE), is_blind=True),
    alone("PROG-1", "keeps-the-lock", S0, OVER_S0, S1),
)

CASES: tuple[Case, ...] = (
    *REQUESTS,
    *TABLES,
    *LOOKUPS,
    *SECTIONS,
    *DELETES,
    *MAPPINGS,
    *THE_REST,
    *museum_cases_caches.CASES,
    *museum_cases_spaces.CASES,
    *museum_cases_host.CASES,
    *museum_cases_dirty.CASES,
)

CLAUSE_IDS = frozenset(clause.id for clause in CLAUSES)


def test_the_names_of_mutants_are_unique() -> None:
    names = [mutant.name for mutant in CATALOGUE]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("mutant", CATALOGUE, ids=lambda m: m.name)
def test_a_mutant_says_what_is_known_of_it(mutant: Mutant) -> None:
    assert mutant_named(mutant.name) is mutant
    assert mutant.wrong.endswith(".")
    assert mutant.clauses
    assert len(set(mutant.clauses)) == len(mutant.clauses)
    assert all(mutant.profile in clause_by_id(c).profiles for c in mutant.clauses)
    assert mutant.since
    planted = mutant.kind == "planted"
    assert (mutant.source == "planted") is (mutant.tag == "planted") is planted


@pytest.mark.parametrize("mutant", CATALOGUE, ids=lambda m: m.name)
def test_a_mutant_is_a_vm_like_the_reference(mutant: Mutant) -> None:
    profile = profile_named(mutant.profile)
    limits = Limits(user_slots=8)
    spaces = 2 if mutant.base == "reference-linux" else 1
    usual = replace(default_limits(profile), address_spaces=spaces)
    assert mutant.make(Silent(), profile).limits == usual
    assert mutant.make(Silent(), profile, limits).limits == limits


def test_refuses_the_name_of_no_mutant() -> None:
    with pytest.raises(KeyError, match="K99"):
        mutant_named("K99")


def test_every_clause_is_named_by_a_mutant() -> None:
    assert {c for mutant in CATALOGUE for c in mutant.clauses} == CLAUSE_IDS


def test_every_clause_and_every_mutant_has_a_case() -> None:
    assert {case.clause for case in CASES} == CLAUSE_IDS
    assert {case.mutant for case in CASES} == {mutant.name for mutant in CATALOGUE}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_reference_comes_to_the_clause_and_keeps_it(case: Case) -> None:
    check_the_witness(case)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_mutant_breaks_the_clause_and_no_other_than_it_names(case: Case) -> None:
    check_the_mutant(case)


LOOKED_AGAIN: list[bool] = []


class LooksAgain(Kvm):
    """Takes the bitmap bit from a table loaded later, in the same section."""

    def page_header_update_slot(
        self, table: Memslots, slot: MemorySlot, page: ShadowPage, gfn: int
    ) -> None:
        del slot
        now = self.load_table()
        LOOKED_AGAIN.append(now is not table)
        found_now = self.search_memslots(now, gfn)
        if found_now is not None:
            super().page_header_update_slot(now, found_now, page, gfn)


def looks_again(hook: Hook, profile: Profile, limits: Limits | None = None) -> Kvm:
    return LooksAgain(hook, profile, limits or default_limits(profile))


BESIDE_A_FAULT: tuple[Operations, ...] = (
    (delete(0), IN_PLACE_OF_S0),
    (MOVED, IN_PLACE_OF_S0),
    (MOVED, S0),
    (LOGGED, S0),
    (delete(0, failure=Failure.PREPARE), delete(0)),
    (FAR, delete(0)),
)


@pytest.mark.parametrize("updates", BESIDE_A_FAULT)
def test_a_second_look_in_the_same_section_does_no_harm(updates: Operations) -> None:
    """The argument is in `LateBit`; this is every schedule of two preemptions."""
    LOOKED_AGAIN.clear()
    held = docket(looks_again, V2_6_34, is_blind=False)
    scenario = Scenario((S0,), (updates, (READ_17, GuestAccess(17, write=True))))
    for played in bounded(made_for(looks_again, V2_6_34), scenario, 2):
        assert played.error is None
        assert not judged(held, played).findings
    assert any(LOOKED_AGAIN)


@pytest.mark.parametrize("updates", BESIDE_A_FAULT[:2])
def test_a_second_look_in_another_section_does_harm(updates: Operations) -> None:
    make = mutant_named("late-bit").make
    held = docket(make, V2_6_34, is_blind=False)
    scenario = Scenario((S0,), (updates, (READ_17,)))
    broken: set[str] = set()
    for played in bounded(made_for(make, V2_6_34), scenario, 1):
        broken |= found(judged(held, played))
    assert "MMU-2" in broken


def test_hiding_invalid_slots_does_not_crash_the_zap() -> None:
    make = mutant_named("hides-invalid").make
    scenario = Scenario(
        (S0, READ_17), ((delete(0),), (UNMAP_17, READ_17)), (CountRmaps(),)
    )
    for played in bounded(made_for(make, V2_6_34), scenario, 2):
        assert played.error is None
