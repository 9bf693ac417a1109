"""Request validation: which error wins, and that nothing else is refused."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Implied, clause
from memslot_spec.clauses.requests.overlap import EEXIST
from memslot_spec.clauses.requests.refusals import everything_wrong
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known, Measured
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.updates import Objection
from memslot_spec.model.values import Errno
from memslot_spec.moments.replies import Updated


def overlaps_and_is_wrong(facts: Facts, update: Updated) -> bool:
    return Objection.OVERLAP in update.conflicts and update.is_wrong_before_overlap


@clause(
    id="REQ-25",
    title="EINVAL wins over EEXIST",
    must="A request that overlaps and is wrong in any other way than by its end above "
    "the largest guest frame MUST fail with EINVAL.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2021, __kvm_set_memory_region(): the overlap "
        "scan comes last",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    implied=Implied(
        by=(
            "REQ-1",
            "REQ-2",
            "REQ-3",
            "REQ-4",
            "REQ-5",
            "REQ-6",
            "REQ-7",
            "REQ-10",
            "REQ-11",
            "REQ-14",
            "REQ-15",
            "REQ-16",
        ),
        because="each other thing that is wrong has its clause, which wants "
        "EINVAL whatever else is wrong",
    ),
    rows=(15,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=overlaps_and_is_wrong,
    expected=everything_wrong,
)
def einval_before_eexist(facts: Facts, update: Updated) -> bool:
    return update.refused_with(Errno.EINVAL)


def overlaps_beyond_the_guest(facts: Facts, update: Updated) -> bool:
    last = {Objection.OVERLAP, Objection.BEYOND_GUEST}
    return last <= set(update.conflicts) and not update.is_wrong_before_overlap


@clause(
    id="REQ-26",
    title="EEXIST wins over the architecture's refusal",
    must="A request that overlaps and also ends above the largest guest frame, and "
    "with which nothing else is wrong, MUST fail with EEXIST.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1868, kvm_set_memslot(): preparation comes "
        "after the overlap scan",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(15,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=overlaps_beyond_the_guest,
    expected=EEXIST,
)
def eexist_before_arch(facts: Facts, update: Updated) -> bool:
    return update.refused_with(Errno.EEXIST)


def ends_beyond_the_guest(facts: Facts, update: Updated) -> bool:
    # A failure that was injected may strike before that is looked at.
    # So may the want of memory for a bitmap, which is allocated before.
    is_all = update.is_wrong_only_by(Objection.BEYOND_GUEST)
    return is_all and not update.ran_out_of_memory


@clause(
    id="REQ-27",
    title="A range above the largest guest frame is refused",
    must="A CREATE or MOVE that ends above the largest guest frame, and with which "
    "nothing else is wrong, MUST fail with EINVAL.",
    known=Known(
        read="6.1 arch/x86/kvm/x86.c:12867, kvm_arch_prepare_memory_region(): "
        "kvm_mmu_max_gfn()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(15,),
    profiles=ONLY_LINUX,
    on=Updated,
    premise=ends_beyond_the_guest,
    expected=f"refused EINVAL: {Objection.BEYOND_GUEST.value}",
)
def beyond_guest_refused(facts: Facts, update: Updated) -> bool:
    return update.refused_with(Errno.EINVAL)


def is_faultless(facts: Facts, update: Updated) -> bool:
    return update.is_faultless


@clause(
    id="REQ-28",
    title="A faultless request is accepted",
    must="A request with which nothing is wrong, and in which no failure was "
    "injected, MUST succeed; for more pages than the machine has memory for, it may "
    "fail with ENOMEM.",
    known=Known(
        read="patch, __kvm_set_memory_region(), as a whole; 6.1 "
        "virt/kvm/kvm_main.c:1938, __kvm_set_memory_region(), as a whole",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
        derived="each return of an error there is for something that is wrong, for "
        "want of memory, or for a failure further down",
    ),
    rows=(12, 16),
    on=Updated,
    premise=is_faultless,
    expected="done: nothing is wrong with the request",
)
def faultless_accepted(facts: Facts, update: Updated) -> bool:
    return update.accepted


CLAUSES: tuple[AnyClause, ...] = (
    einval_before_eexist,
    eexist_before_arch,
    beyond_guest_refused,
    faultless_accepted,
)
