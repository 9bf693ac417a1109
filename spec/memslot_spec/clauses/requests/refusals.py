"""Request validation: what is wrong with a request, and refused with EINVAL.

Source throughout: `__kvm_set_memory_region` and the ioctl above it, in the patch
and in 6.1. A caller cannot see the order of two checks that both give EINVAL,
so no clause speaks of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.known import Known, Measured
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.model.updates import Objection
from memslot_spec.model.values import Errno
from memslot_spec.moments.replies import Updated


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One thing wrong with a request that MUST be refused, whatever else is wrong."""

    id: str
    objection: Objection
    title: str
    must: str
    known: Known
    row: int
    profiles: frozenset[str] = BOTH


def is_wrong_by(objection: Objection, facts: Facts, update: Updated) -> bool:
    # Against the table only a well-formed request is held.
    return objection in (update.malformed or update.conflicts)


def everything_wrong(facts: Facts, update: Updated) -> str:
    return f"refused EINVAL: {'; '.join(o.value for o in update.wrong)}"


def refused_with_einval(facts: Facts, update: Updated) -> bool:
    return update.refused_with(Errno.EINVAL)


def clause_of(refusal: Refusal) -> AnyClause:
    """The clause that a line of the table below is."""
    return clause(
        id=refusal.id,
        title=refusal.title,
        must=refusal.must,
        known=refusal.known,
        rows=(refusal.row,),
        profiles=refusal.profiles,
        on=Updated,
        premise=partial(is_wrong_by, refusal.objection),
        expected=everything_wrong,
    )(refused_with_einval)


REFUSALS = (
    Refusal(
        id="REQ-1",
        objection=Objection.MISALIGNED,
        title="An unaligned size or guest address is refused",
        must="A request whose size or guest address is not a multiple of 4 KiB MUST "
        "fail with EINVAL, also when it is a delete.",
        known=Known(
            read="patch, __kvm_set_memory_region(): first checks; 6.1 "
            "virt/kvm/kvm_main.c:1957, __kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=1,
    ),
    Refusal(
        id="REQ-2",
        objection=Objection.HVA_MISALIGNED,
        title="An unaligned host address is refused",
        must="A user-allocated request whose host address is not a multiple of 4 KiB "
        "MUST fail with EINVAL.",
        known=Known(
            read="patch, __kvm_set_memory_region(): first checks; 6.1 "
            "virt/kvm/kvm_main.c:1963, __kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=2,
    ),
    Refusal(
        id="REQ-3",
        objection=Objection.HVA_UNUSABLE,
        title="A host range that access_ok refuses is refused",
        must="A request whose host range goes beyond the limit of user addresses "
        "(access_ok), or whose host address is tagged, MUST fail with EINVAL; whether "
        "anything is mapped there is not looked at.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:1965, __kvm_set_memory_region(); "
            "CVE-2013-1943; commit 139bc8a6146d",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=3,
        profiles=ONLY_LINUX,
    ),
    Refusal(
        id="REQ-4",
        objection=Objection.WRAPS,
        title="A guest range that wraps is refused",
        must="A guest range that wraps 2^64 MUST fail with EINVAL.",
        known=Known(
            read="patch, __kvm_set_memory_region(): first checks; 6.1 "
            "virt/kvm/kvm_main.c:1970, __kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=4,
    ),
    Refusal(
        id="REQ-5",
        objection=Objection.BAD_ID,
        title="A slot id at the limit is refused",
        must="A slot id at or above the user limit (32 in v2.6.34, "
        "KVM_CAP_NR_MEMSLOTS today) MUST fail with EINVAL.",
        known=Known(
            read="patch and 6.1 virt/kvm/kvm_main.c:2057, "
            "kvm_vm_ioctl_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=5,
    ),
    Refusal(
        id="REQ-6",
        objection=Objection.BAD_ADDRESS_SPACE,
        title="An address space at the count is refused",
        must="A request for an address space (bits 16 to 31 of the slot word) at or "
        "above the count MUST fail with EINVAL.",
        known=Known(
            read="Documentation/virt/kvm/api.rst 4.35; 6.1 virt/kvm/kvm_main.c:1968, "
            "__kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=6,
        profiles=ONLY_LINUX,
    ),
    Refusal(
        id="REQ-7",
        objection=Objection.UNKNOWN_FLAG,
        title="An unknown flag bit is refused",
        must="A request with an unknown flag bit MUST fail with EINVAL.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:1553, check_memory_region_flags()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=7,
        profiles=ONLY_LINUX,
    ),
    Refusal(
        id="REQ-10",
        objection=Objection.TOO_MANY_PAGES,
        title="More than 2^31-1 pages are refused",
        must="A user slot of more than 2^31-1 pages MUST fail with EINVAL.",
        known=Known(
            read="commit 660c22c425c; 6.1 virt/kvm/kvm_main.c:1972, "
            "__kvm_set_memory_region(): KVM_MEM_MAX_NR_PAGES",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=8,
        profiles=ONLY_LINUX,
    ),
    Refusal(
        id="REQ-11",
        objection=Objection.ABSENT,
        title="Deleting an absent slot is refused",
        must="Deleting an absent slot MUST fail with EINVAL.",
        known=Known(
            read="commit f0736cf0550b; 6.1 virt/kvm/kvm_main.c:1984, "
            "__kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=9,
        profiles=ONLY_LINUX,
    ),
    Refusal(
        id="REQ-14",
        objection=Objection.RESIZED,
        title="Resizing a live slot is refused",
        must="Changing the size of a live slot MUST fail with EINVAL, whatever its "
        "new range meets.",
        known=Known(
            read="patch, __kvm_set_memory_region(): before the overlap scan; 6.1 "
            "virt/kvm/kvm_main.c:2007, __kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=10,
    ),
    Refusal(
        id="REQ-15",
        objection=Objection.HVA_CHANGED,
        title="A new host address for a live slot is refused",
        must="Changing the host address of a live slot MUST fail with EINVAL.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:2006, __kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=11,
        profiles=ONLY_LINUX,
    ),
    Refusal(
        id="REQ-16",
        objection=Objection.READONLY_CHANGED,
        title="A READONLY toggle on a live slot is refused",
        must="Changing READONLY on a live slot MUST fail with EINVAL.",
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:2008, __kvm_set_memory_region()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        row=11,
        profiles=ONLY_LINUX,
    ),
)
"""In the order of the catalogue's rows."""

CLAUSES: tuple[AnyClause, ...] = tuple(map(clause_of, REFUSALS))
