"""What GET and CLEAR are refused for, in the order in which it is looked for.

A word that names no slot comes first, then a range that does not begin with a word
of the bitmap, then the slot and its log, and the rest of the range last.
"""

from __future__ import annotations

from functools import partial

from memslot_spec.clause import AnyClause, Clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known, Measured
from memslot_spec.model.dirty_log import ERRNO, DirtyObjection, answers
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.moments.dirty import ClearCalled, GetCalled

GetOrClear = GetCalled | ClearCalled
DirtyObjections = tuple[DirtyObjection, ...]


def objected_to(objections: DirtyObjections, facts: Facts, call: GetOrClear) -> bool:
    """In every table that it may have met, the first thing wrong is one of these."""
    return call.objections <= set(objections)


def refused(objections: DirtyObjections, facts: Facts, call: GetOrClear) -> bool:
    return answers(call.reply, objections)


def the_refusal(objections: DirtyObjections, facts: Facts, call: GetOrClear) -> str:
    words = " or ".join(objection.value for objection in objections)
    return f"refused {ERRNO[objections[0]].value}: {words}"


def refusal(
    call: type[GetOrClear],
    number: int,
    *objections: DirtyObjection,
    title: str,
    must: str,
    known: Known,
) -> AnyClause:
    """The clause by which a GET or a CLEAR is refused for one of these objections."""
    is_get = call is GetCalled
    return Clause(
        id=f"DIRTY-{number}",
        title=title,
        must=must,
        known=known,
        rows=(57,) if is_get else (58,),
        profiles=BOTH if is_get else ONLY_LINUX,
        on=call,
        premise=partial(objected_to, objections),
        holds=partial(refused, objections),
        expected=partial(the_refusal, objections),
        operations=("GetDirtyLog" if is_get else "ClearDirtyLog",),
    )


CLAUSES: tuple[AnyClause, ...] = (
    refusal(
        GetCalled,
        9,
        DirtyObjection.BAD_SLOT,
        title="GET refuses a word that names no slot",
        must="`KVM_GET_DIRTY_LOG` MUST be refused with EINVAL where the word names no "
        "slot that userspace can have.",
        known=Known(
            read="patch, kvm_get_dirty_log(); 6.1 virt/kvm/kvm_main.c:2150, "
            "kvm_get_dirty_log_protect()",
            last_read="2026-11-27",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
    refusal(
        GetCalled,
        10,
        DirtyObjection.ABSENT,
        title="GET refuses an absent slot",
        must="`KVM_GET_DIRTY_LOG` of an absent slot MUST be refused with ENOENT.",
        known=Known(
            read="patch, kvm_get_dirty_log(): no dirty_bitmap; 6.1 "
            "virt/kvm/kvm_main.c:2155, kvm_get_dirty_log_protect()",
            last_read="2026-11-27",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
    refusal(
        GetCalled,
        11,
        DirtyObjection.NOT_LOGGED,
        title="GET refuses a slot that does not log",
        must="`KVM_GET_DIRTY_LOG` of a slot that does not log, or no longer does, MUST "
        "be refused with ENOENT.",
        known=Known(
            read="patch, kvm_get_dirty_log(): no dirty_bitmap; 6.1 "
            "virt/kvm/kvm_main.c:2155, kvm_get_dirty_log_protect()",
            last_read="2026-11-27",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
    refusal(
        ClearCalled,
        12,
        DirtyObjection.BAD_SLOT,
        title="CLEAR refuses a word that names no slot",
        must="`KVM_CLEAR_DIRTY_LOG` MUST be refused with EINVAL where the word names "
        "no slot that userspace can have.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:2262, kvm_clear_dirty_log_protect()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
    refusal(
        ClearCalled,
        13,
        DirtyObjection.MISALIGNED,
        title="CLEAR begins at a multiple of 64 pages",
        must="`KVM_CLEAR_DIRTY_LOG` whose first page is no multiple of 64 MUST be "
        "refused with EINVAL, also where there is no slot or no log.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:2265, kvm_clear_dirty_log_protect(); api.rst "
            "4.117",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
    refusal(
        ClearCalled,
        14,
        DirtyObjection.ABSENT,
        DirtyObjection.NOT_LOGGED,
        title="CLEAR refuses a slot without a log",
        must="`KVM_CLEAR_DIRTY_LOG` of an absent slot, or one that does not log, MUST "
        "be refused with ENOENT where the range begins at a multiple of 64 pages.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:2270, kvm_clear_dirty_log_protect()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
    refusal(
        ClearCalled,
        15,
        DirtyObjection.BAD_RANGE,
        title="CLEAR stays inside the slot",
        must="`KVM_CLEAR_DIRTY_LOG` of a slot that logs MUST be refused with EINVAL "
        "where the range leaves the slot, or ends in the middle of a word before its "
        "end.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:2277, kvm_clear_dirty_log_protect(); commit "
            "98938aa8edd6",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
    ),
)
