"""The lock on shadow pages: what is done under it, and who gives it back when.

Today it is a lock for readers and writers: faults of the TDP MMU share it. Who has it
at once is therefore no question here.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.readers.balance import still_has
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.mmu import MmuUnlocked, SpteMapped, SpteRemoved
from memslot_spec.known import Known


def gives_back_what(facts: Facts, event: MmuUnlocked) -> str:
    return f"T{event.thread} gives it back, and has it not"


@clause(
    id="MMU-24",
    title="mmu_lock is given back by whoever has it",
    must="A thread MUST NOT give back `mmu_lock` unless it has it, alone or together "
    "with others.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:4276, direct_page_fault(): read_lock() and "
        "write_lock(), and 4294, each unlocked as it was locked",
        last_read="2026-11-27",
        derived="it would end the turn of another thread, which changes sptes still",
    ),
    rows=(32,),
    on=MmuUnlocked,
    expected="mmu_lock held by the thread that gives it back",
    observed=gives_back_what,
    points=("MmuLocked",),
)
def mmu_lock_is_its_own(facts: Facts, event: MmuUnlocked) -> bool:
    return event.thread in facts.sections.mmu_lock


@clause(
    id="MMU-25",
    title="A call returns without mmu_lock",
    must="A call MUST have given `mmu_lock` back when it returns.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:4294, direct_page_fault(): also where the "
        "fault is to be taken again",
        last_read="2026-11-27",
        derived="a thread that is back in userspace gives nothing back, and every "
        "fault and every flush waits",
    ),
    rows=(32,),
    on=Return,
    expected="mmu_lock given back by the thread whose call returns",
    observed=still_has,
    points=("MmuLocked", "MmuUnlocked"),
)
def returns_without_mmu_lock(facts: Facts, event: Return) -> bool:
    return event.thread not in facts.sections.mmu_lock


def has_no_lock(facts: Facts, event: SpteMapped | SpteRemoved) -> str:
    return f"T{event.thread} has not taken it"


@clause(
    id="MMU-26",
    title="An spte is made under mmu_lock",
    must="A thread MUST have `mmu_lock`, alone or together with others, when it makes "
    "an spte. A fast page fault makes none: it changes the bits of one that stands.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:4276, direct_page_fault(); 6.1 "
        "arch/x86/kvm/mmu/mmu.c:3237, fast_page_fault(), which only changes bits",
        last_read="2026-11-27",
        derived="whether the host takes the page away is known under the lock alone",
    ),
    rows=(32,),
    on=SpteMapped,
    expected="mmu_lock held by the thread that makes the spte",
    observed=has_no_lock,
    points=("MmuLocked", "MmuUnlocked"),
)
def makes_under_the_lock(facts: Facts, event: SpteMapped) -> bool:
    return event.thread in facts.sections.mmu_lock


@clause(
    id="MMU-27",
    title="An spte is removed under mmu_lock",
    must="A thread MUST have `mmu_lock`, alone or together with others, when it "
    "removes an spte.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:629, __kvm_handle_hva_range(): KVM_MMU_LOCK(); "
        "6.1 arch/x86/kvm/mmu/mmu.c:5937, kvm_mmu_zap_all_fast()",
        last_read="2026-11-27",
        derived="what else leads to the spte is changed with it, and others go there",
    ),
    rows=(32,),
    on=SpteRemoved,
    expected="mmu_lock held by the thread that removes the spte",
    observed=has_no_lock,
    points=("MmuLocked", "MmuUnlocked"),
)
def removes_under_the_lock(facts: Facts, event: SpteRemoved) -> bool:
    return event.thread in facts.sections.mmu_lock


CLAUSES: tuple[AnyClause, ...] = (
    mmu_lock_is_its_own,
    returns_without_mmu_lock,
    makes_under_the_lock,
    removes_under_the_lock,
)
