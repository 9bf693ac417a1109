"""CLEAR, and the option by which it has something to do.

`KVM_CLEAR_DIRTY_LOG` clears the bits of the pages that it is given, in whole words
unless the range ends where the slot does, and arms these pages again.
"""

from __future__ import annotations

from functools import partial

from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.dirty.log import GUEST_WRITES, must_report
from memslot_spec.facts.dirty_log import Why
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_pages
from memslot_spec.known import Known, Measured
from memslot_spec.model.dirty_log import (
    INITIALLY_SET,
    MANUAL_PROTECT,
    DirtyObjection,
    answers,
    enable_objections,
)
from memslot_spec.model.operations import EnableManualProtect
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import Done
from memslot_spec.moments.dirty import FAULTLESS, BoundedLog, ClearCalled
from memslot_spec.moments.replies import Answered


def is_faultless(facts: Facts, clear: ClearCalled) -> bool:
    return clear.objections == FAULTLESS


@clause(
    id="DIRTY-16",
    title="CLEAR takes a range that ends where the slot ends",
    must="`KVM_CLEAR_DIRTY_LOG` MUST be carried out for a range of whole words inside "
    "a slot that logs, for one that ends where the slot ends, and for an empty "
    "one there.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2277, kvm_clear_dirty_log_protect(); commit "
        "76d58e0f07ec",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(58,),
    profiles=ONLY_LINUX,
    on=ClearCalled,
    premise=is_faultless,
    expected="done: nothing is wrong with the range, the slot or its log",
    operations=("ClearDirtyLog",),
)
def is_done(facts: Facts, clear: ClearCalled) -> bool:
    return isinstance(clear.reply, Done)


SPARES_THE_REST = must_report(
    17,
    Why.SPARED,
    title="CLEAR leaves the pages that it is not given",
    must="A dirty page that `KVM_CLEAR_DIRTY_LOG` is not given MUST be in the next "
    "answer of `KVM_GET_DIRTY_LOG`.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2298, kvm_clear_dirty_log_protect(): "
        "fetch_andnot",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(58,),
    also=("ClearDirtyLog",),
)


def has_cleared_pages(facts: Facts, log: BoundedLog) -> bool:
    return bool(log.cleared)


def the_cleared_pages_clean(facts: Facts, log: BoundedLog) -> str:
    pages = describe_pages(tuple(sorted(log.surplus & log.cleared)))
    return f"clean, for they were cleared and nobody has written them since: {pages}"


@clause(
    id="DIRTY-18",
    title="CLEAR clears what it is given",
    must="Where a log is claimed to be exact, a page that `KVM_CLEAR_DIRTY_LOG` was "
    "given MUST NOT be shown by `KVM_GET_DIRTY_LOG` before it is written to again.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2298, kvm_clear_dirty_log_protect(): "
        'fetch_andnot; "KVM: Fix loop of clear dirty with off-by-one"',
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
        derived="what is taken out of the bitmap is in no answer until a write puts "
        "it in again",
    ),
    rows=(58,),
    profiles=ONLY_LINUX,
    on=BoundedLog,
    premise=has_cleared_pages,
    expected=the_cleared_pages_clean,
    operations=("GetDirtyLog", "ClearDirtyLog"),
    exact=True,
)
def stays_cleared(facts: Facts, log: BoundedLog) -> bool:
    return log.surplus.isdisjoint(log.cleared)


REARMS = must_report(
    19,
    Why.REARMED,
    title="A cleared page that is written is dirty again",
    must="A page that is written after `KVM_CLEAR_DIRTY_LOG` has answered for it MUST "
    "be in the next answer of `KVM_GET_DIRTY_LOG`.",
    known=Known(
        read="6.1 arch/x86/kvm/mmu/mmu.c:1322, "
        "kvm_arch_mmu_enable_log_dirty_pt_masked(); api.rst 4.117",
        last_read="2026-11",
    ),
    rows=(58,),
    also=("ClearDirtyLog",),
    any_operation=GUEST_WRITES,
)


def asks_for_bad_options(facts: Facts, answered: Answered) -> bool:
    asked = answered.operation
    return isinstance(asked, EnableManualProtect) and bool(
        enable_objections(asked.options)
    )


@clause(
    id="DIRTY-21",
    title="Manual protection refuses options it does not know",
    must="Options of manual protection that are not known, or the one for logs that "
    "begin dirty without the one for manual protection, MUST be refused with "
    "EINVAL.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:4630, kvm_vm_ioctl_enable_cap_generic()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(58,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=asks_for_bad_options,
    expected=f"refused EINVAL: {DirtyObjection.BAD_OPTIONS.value}",
    operations=("EnableManualProtect",),
)
def bad_options(facts: Facts, answered: Answered) -> bool:
    return answers(answered.reply, (DirtyObjection.BAD_OPTIONS,))


def asks_for(options: int, facts: Facts, answered: Answered) -> bool:
    return answered.operation == EnableManualProtect(options)


def are_taken(facts: Facts, answered: Answered) -> bool:
    return isinstance(answered.reply, Done)


def good_options(number: int, options: int, *, title: str, must: str) -> AnyClause:
    """The clause by which a VM takes one set of options of manual protection."""
    return Clause(
        id=f"DIRTY-{number}",
        title=title,
        must=must,
        known=Known(
            read="6.1 virt/kvm/kvm_main.c:4630, kvm_vm_ioctl_enable_cap_generic()",
            last_read="2026-11",
            measured=Measured("6.18", "memslots check kvm --seed 1"),
        ),
        rows=(58,),
        profiles=ONLY_LINUX,
        on=Answered,
        premise=partial(asks_for, options),
        holds=are_taken,
        expected=f"done: options {options:#x} are ones that it knows",
        operations=("EnableManualProtect",),
    )


CLAUSES: tuple[AnyClause, ...] = (
    is_done,
    SPARES_THE_REST,
    stays_cleared,
    REARMS,
    bad_options,
    good_options(
        22,
        MANUAL_PROTECT,
        title="Manual protection can be turned on",
        must="Manual protection MUST be turned on where it is asked for without the "
        "option for logs that begin dirty.",
    ),
    good_options(
        31,
        MANUAL_PROTECT | INITIALLY_SET,
        title="Logs that begin dirty can be turned on",
        must="Manual protection MUST be turned on where it is asked for together with "
        "the option for logs that begin dirty.",
    ),
    good_options(
        32,
        0,
        title="Manual protection can be turned off",
        must="Manual protection MUST be turned off where none of its options is asked "
        "for.",
    ),
)
