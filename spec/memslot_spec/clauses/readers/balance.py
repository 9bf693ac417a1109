"""What is taken is given back: once, by whoever took it, and before its call returns.

Userspace holds no lock of the kernel's and is in none of its read sections. Whoever
comes back there with one keeps every update waiting; whoever gives back what it has
not taken lets another in, or lowers the count that another reader has raised.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.readers.lifetime import SECTION_POINTS
from memslot_spec.facts.facts import Facts
from memslot_spec.history.events import Return
from memslot_spec.history.points.srcu import SectionLeft
from memslot_spec.history.points.tables import ArchLocked, ArchUnlocked, UpdateUnlocked
from memslot_spec.history.words import describe_reply
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX

WAITS_FOR_EVER = (
    "a thread that is back in userspace gives nothing back, and every update waits"
)
ONE_OWNER = "a lock that is given back by another than its owner lets a second one in"


def sections_it_is_in(facts: Facts, event: SectionLeft) -> str:
    mine = facts.sections.open.get(event.thread, [])
    inside = ", ".join(f"one of index {section.index}" for section in mine) or "none"
    return f"T{event.thread} leaves one of index {event.index}, and is in {inside}"


@clause(
    id="SRCU-30",
    title="A read section is left by whoever entered it",
    must="A thread MUST NOT leave a read section that it is not in, or by another "
    "index than it was given when it entered.",
    known=Known(
        read="6.1 include/linux/srcu.h:155, srcu_read_lock(); 6.1 "
        "kernel/rcu/srcutree.c:653, __srcu_read_unlock(): counts for that index",
        last_read="2026-11-27",
        derived="the count that it lowers is another reader's, for whom no update "
        "waits any more",
    ),
    rows=(32,),
    on=SectionLeft,
    expected="a section of this index that the thread has entered",
    observed=sections_it_is_in,
    points=SECTION_POINTS,
)
def leaves_its_own(facts: Facts, event: SectionLeft) -> bool:
    mine = facts.sections.open.get(event.thread, [])
    return any(section.index == event.index for section in mine)


def still_has(facts: Facts, event: Return) -> str:
    return f"T{event.thread} has it still, and answers {describe_reply(event.reply)}"


@clause(
    id="SRCU-31",
    title="A call returns outside read sections",
    must="A call MUST have left its read sections when it returns.",
    known=Known(
        read="patch, __vcpu_run(): srcu_read_unlock() before it returns; 6.1 "
        "arch/x86/kvm/x86.c:11356, kvm_arch_vcpu_ioctl_run()",
        last_read="2026-11-27",
        derived=WAITS_FOR_EVER,
    ),
    rows=(33,),
    on=Return,
    expected="no read section open on the thread whose call returns",
    observed=still_has,
    points=SECTION_POINTS,
)
def returns_outside(facts: Facts, event: Return) -> bool:
    return facts.section_of(event.thread) is None


def gives_back_what(facts: Facts, event: UpdateUnlocked) -> str:
    return f"T{event.thread} gives it back, and has it not"


@clause(
    id="SRCU-32",
    title="The update lock is given back by whoever has it",
    must="A thread MUST NOT give back the update lock unless it has it.",
    known=Known(
        read="patch, kvm_set_memory_region(); 6.1 virt/kvm/kvm_main.c:2047, "
        "kvm_set_memory_region(): locked and unlocked by one thread",
        last_read="2026-11-27",
        derived=ONE_OWNER,
    ),
    rows=(32,),
    on=UpdateUnlocked,
    expected="the update lock held by the thread that gives it back",
    observed=gives_back_what,
    points=("UpdateLocked",),
)
def update_lock_is_its_own(facts: Facts, event: UpdateUnlocked) -> bool:
    return event.thread in facts.sections.update_lock


@clause(
    id="SRCU-33",
    title="A call returns without the update lock",
    must="A call MUST have given the update lock back when it returns, also where it "
    "is refused.",
    known=Known(
        read="patch, kvm_set_memory_region(); 6.1 virt/kvm/kvm_main.c:2049, "
        "kvm_set_memory_region(); 2230, kvm_vm_ioctl_get_dirty_log()",
        last_read="2026-11-27",
        derived=WAITS_FOR_EVER,
    ),
    rows=(32,),
    on=Return,
    expected="the update lock given back by the thread whose call returns",
    observed=still_has,
    points=("UpdateLocked", "UpdateUnlocked"),
)
def returns_without_update_lock(facts: Facts, event: Return) -> bool:
    return event.thread not in facts.sections.update_lock


def held_by_whom(facts: Facts, event: ArchLocked | ArchUnlocked) -> str:
    holder = facts.arch_lock.holder
    return "nobody has it" if holder is None else f"T{holder} has it"


@clause(
    id="SRCU-34",
    title="slots_arch_lock has one holder",
    must="A thread MUST NOT take `slots_arch_lock` while another one has it.",
    known=Known(
        read="6.1 Documentation/virt/kvm/locking.rst:264, slots_arch_lock: a mutex; "
        "6.1 virt/kvm/kvm_main.c:1844, kvm_set_memslot()",
        last_read="2026-11-27",
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=ArchLocked,
    expected="slots_arch_lock free when it is taken",
    observed=held_by_whom,
    points=("ArchUnlocked",),
)
def one_arch_holder(facts: Facts, event: ArchLocked) -> bool:
    return facts.arch_lock.holder in {None, event.thread}


@clause(
    id="SRCU-35",
    title="slots_arch_lock is given back by whoever has it",
    must="A thread MUST NOT give back `slots_arch_lock` unless it has it.",
    known=Known(
        read="6.1 Documentation/virt/kvm/locking.rst:264, slots_arch_lock: a mutex; "
        "6.1 virt/kvm/kvm_main.c:1591, kvm_swap_active_memslots()",
        last_read="2026-11-27",
        derived=ONE_OWNER,
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=ArchUnlocked,
    expected="slots_arch_lock held by the thread that gives it back",
    observed=held_by_whom,
    points=("ArchLocked",),
)
def arch_lock_is_its_own(facts: Facts, event: ArchUnlocked) -> bool:
    return facts.arch_lock.holder == event.thread


@clause(
    id="SRCU-36",
    title="A call returns without slots_arch_lock",
    must="A call MUST have given `slots_arch_lock` back when it returns, also where it "
    "is refused.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1880, kvm_set_memslot(): also where it fails",
        last_read="2026-11-27",
        derived=WAITS_FOR_EVER,
    ),
    rows=(32,),
    profiles=ONLY_LINUX,
    on=Return,
    expected="slots_arch_lock given back by the thread whose call returns",
    observed=still_has,
    points=("ArchLocked", "ArchUnlocked"),
)
def returns_without_arch_lock(facts: Facts, event: Return) -> bool:
    return facts.arch_lock.holder != event.thread


CLAUSES: tuple[AnyClause, ...] = (
    leaves_its_own,
    returns_outside,
    update_lock_is_its_own,
    returns_without_update_lock,
    one_arch_holder,
    arch_lock_is_its_own,
    returns_without_arch_lock,
)
