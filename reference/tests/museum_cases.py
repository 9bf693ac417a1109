"""What a case of the museum is: a clause, a mutant that breaks it, and where."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from memslot_conformance.adapter.capabilities import capabilities_of
from memslot_conformance.adapter.protocols import Make
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.scenario import Operations, Scenario
from memslot_reference.changed import AnyVm, Factory
from memslot_reference.museum import mutant_named
from memslot_reference.reference import (
    reference,
    reference_linux,
    reference_ranges,
)
from memslot_spec.arithmetic.ranges import PAGE_SHIFT
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import Header
from memslot_spec.history.hook import Hook, Silent
from memslot_spec.judging.applies import ApplicableClauses
from memslot_spec.judging.blind import blind, without_points
from memslot_spec.judging.judge import judge_events
from memslot_spec.judging.judgement import Judgement
from memslot_spec.model.operations import GuestAccess, Operation, SetRegion, UnmapHva
from memslot_spec.model.profile import Profile, profile_named
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure, MemoryRegion


def region(
    slot: int, gfn: int, npages: int, host_page: int, flags: int = 0
) -> MemoryRegion:
    """A request in pages."""
    return MemoryRegion(slot, gfn << 12, npages << 12, host_page << 12, flags)


def put(slot: int, gfn: int, npages: int, host_page: int, flags: int = 0) -> SetRegion:
    return SetRegion(region(slot, gfn, npages, host_page, flags))


def delete(slot: int, gfn: int = 0, failure: Failure | None = None) -> SetRegion:
    return SetRegion(region(slot, gfn, 0, 0), failure=failure)


def private(profile: Profile, gfn: int) -> SetRegion:
    """The kernel's own slot, of one page."""
    word = profile.default_user_slots
    return SetRegion(region(word, gfn, 1, 0x3000), private=True)


@dataclass(frozen=True, slots=True)
class Case:
    """A clause, a mutant that breaks it, and where: all schedules up to a bound.

    `witness` conforms and comes to the clause; None is the mutant's own base.
    """

    clause: str
    mutant: str
    scenario: Scenario
    preemptions: int = 0
    is_blind: bool = False
    witness: Factory | None = None

    def __str__(self) -> str:
        return f"{self.clause}-{self.mutant}"


def alone(
    clause: str, mutant: str, *operations: Operation, is_blind: bool = False
) -> Case:
    """A case that one thread can show."""
    return Case(clause, mutant, Scenario(operations), is_blind=is_blind)


def raced(
    clause: str,
    mutant: str,
    prefix: Operations,
    *threads: Operations,
    preemptions: int = 1,
    is_blind: bool = False,
) -> Case:
    """A case that takes several threads."""
    return Case(clause, mutant, Scenario(prefix, threads), preemptions, is_blind)


S0 = put(0, 16, 4, 0x1000)
S1 = put(1, 20, 4, 0x2000)
FAR = put(1, 0x600, 4, 0x2000)
MOVED = put(0, 32, 4, 0x1000)
LOGGED = put(0, 16, 4, 0x1000, LOG_DIRTY_PAGES)
AT_ANOTHER_HVA = put(0, 16, 4, 0x3000)
OVER_S0 = put(1, 18, 4, 0x2000)
IN_PLACE_OF_S0 = put(1, 16, 4, 0x2000)
HUGE = put(0, 0x100, 0x400, 0x1100)
READ_17 = GuestAccess(17)
READ_21 = GuestAccess(21)
UNMAP_17 = UnmapHva(0x1001 << PAGE_SHIFT)


def applicable_to(
    make: Factory, profile: Profile, *, is_blind: bool
) -> ApplicableClauses:
    kvm = make(Silent(), profile)
    header = Header(
        target=type(kvm).__name__,
        profile=profile.name,
        limits=kvm.limits,
        capabilities=capabilities_of(kvm),
        domain=kvm.domain,
    )
    return ApplicableClauses(blind(header) if is_blind else header, CLAUSES)


def made_for(make: Factory, profile: Profile) -> Make:
    def made(hook: Hook) -> AnyVm:
        return make(hook, profile)

    return made


def plays(make: Factory, profile: Profile, case: Case) -> Iterator[Played]:
    return bounded(made_for(make, profile), case.scenario, case.preemptions)


def judged(held: ApplicableClauses, played: Played) -> Judgement:
    sighted = bool(held.header.capabilities.announces)
    events = played.events if sighted else without_points(played.events)
    return judge_events(held, events)


def profile_of(case: Case) -> Profile:
    return profile_named(mutant_named(case.mutant).profile)


def found(judgement: Judgement) -> set[str]:
    return {finding.clause for finding in judgement.findings}


REFERENCES: Mapping[str, Factory] = {
    "reference": reference,
    "reference-linux": reference_linux,
    "reference-ranges": reference_ranges,
}


def check_the_witness(case: Case) -> None:
    """The reference comes to the clause, and nothing is found, sighted or blind."""
    profile, reached = profile_of(case), 0
    witness = case.witness or REFERENCES[mutant_named(case.mutant).base]
    views = {b: applicable_to(witness, profile, is_blind=b) for b in (False, True)}
    for played in plays(witness, profile, case):
        assert played.error is None
        for is_blind, held in views.items():
            judgement = judged(held, played)
            assert not judgement.findings
            assert judgement.contradiction is None
            assert judgement.undecided is None
            if is_blind is case.is_blind:
                reached += judgement.reached[case.clause]
    assert reached > 0


def check_the_mutant(case: Case) -> None:
    """The mutant breaks the clause, and none that it does not name."""
    mutant, profile = mutant_named(case.mutant), profile_of(case)
    held = applicable_to(mutant.make, profile, is_blind=case.is_blind)
    broken: set[str] = set()
    for played in plays(mutant.make, profile, case):
        judgement = judged(held, played)
        broken |= found(judgement)
        assert judgement.findings or played.error is None
    assert case.clause in broken
    assert broken <= set(mutant.clauses)
