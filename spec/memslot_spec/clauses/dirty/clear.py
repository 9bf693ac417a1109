"""CLEAR, and the option by which it has something to do.

`KVM_CLEAR_DIRTY_LOG` takes out the pages that it is given, in whole words unless
the range ends where the slot does, and write-protects them again.
"""

from __future__ import annotations

from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.clauses.dirty.log import GUEST_WRITES, owing
from memslot_spec.facts.dirty_log import Why
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_pages
from memslot_spec.model.dirty_log import (
    ERRNO,
    DirtyObjection,
    answers,
    clear_objections,
    enable_objections,
)
from memslot_spec.model.operations import ClearDirtyLog, EnableManualProtect
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import DirtyLog, Done
from memslot_spec.moments.replies import Answered


def _first(facts: Facts, answered: Answered) -> frozenset[DirtyObjection | None]:
    """The first objection to a CLEAR in each of the candidate tables."""
    operation = answered.operation
    if not isinstance(operation, ClearDirtyLog):
        return frozenset()
    found = (
        clear_objections(table, operation, facts.profile, facts.limits)
        for table in answered.candidates
    )
    return frozenset(objections[0] if objections else None for objections in found)


def refused_clear(
    number: int,
    *objections: DirtyObjection,
    title: str,
    must: str,
    source: str,
) -> AnyClause:
    """A clause on a CLEAR that is refused for one of these in every candidate."""

    def premise(facts: Facts, answered: Answered) -> bool:
        first = _first(facts, answered)
        return bool(first) and first <= set(objections)

    def holds(facts: Facts, answered: Answered) -> bool:
        return answers(answered.reply, objections)

    def expected(facts: Facts, answered: Answered) -> str:
        words = " or ".join(objection.value for objection in objections)
        return f"refused {ERRNO[objections[0]].value}: {words}"

    return Clause(
        id=f"DIRTY-{number}",
        title=title,
        must=must,
        source=source,
        rows=(58,),
        profiles=ONLY_LINUX,
        on=Answered,
        premise=premise,
        holds=holds,
        expected=expected,
        operations=("ClearDirtyLog",),
    )


CLEAR_OF_NO_ID = refused_clear(
    12,
    DirtyObjection.BAD_SLOT,
    title="CLEAR refuses a word that names no slot",
    must=(
        "`KVM_CLEAR_DIRTY_LOG` MUST be refused with EINVAL where the word names no "
        "slot that userspace can have."
    ),
    source="kvm_clear_dirty_log_protect",
)

CLEAR_OFF_A_WORD = refused_clear(
    13,
    DirtyObjection.MISALIGNED,
    title="CLEAR begins at a multiple of 64 pages",
    must=(
        "`KVM_CLEAR_DIRTY_LOG` whose first page is no multiple of 64 MUST be refused "
        "with EINVAL, also where there is no slot or no log."
    ),
    source="kvm_clear_dirty_log_protect; api.rst 4.117",
)

CLEAR_OF_NO_LOG = refused_clear(
    14,
    DirtyObjection.ABSENT,
    DirtyObjection.NOT_LOGGED,
    title="CLEAR refuses a slot without a log",
    must=(
        "`KVM_CLEAR_DIRTY_LOG` of an absent slot, or one that does not log, MUST be "
        "refused with ENOENT where the range begins at a multiple of 64 pages."
    ),
    source="kvm_clear_dirty_log_protect",
)

CLEAR_OUTSIDE = refused_clear(
    15,
    DirtyObjection.BAD_RANGE,
    title="CLEAR stays inside the slot",
    must=(
        "`KVM_CLEAR_DIRTY_LOG` of a slot that logs MUST be refused with EINVAL where "
        "the range leaves the slot, or ends in the middle of a word before its end."
    ),
    source="kvm_clear_dirty_log_protect; commit 98938aa8edd6",
)


def clear_is_faultless(facts: Facts, answered: Answered) -> bool:
    """Nothing is wrong with the CLEAR in any candidate table."""
    return _first(facts, answered) == frozenset((None,))


def is_done(facts: Facts, answered: Answered) -> bool:
    """It was carried out."""
    return isinstance(answered.reply, Done)


def expects_done(facts: Facts, answered: Answered) -> str:
    """Success."""
    return "done"


CLEAR_IS_DONE = Clause(
    id="DIRTY-16",
    title="CLEAR takes a range that ends where the slot ends",
    must="`KVM_CLEAR_DIRTY_LOG` MUST be carried out for a range of whole words inside "
    "a slot that logs, for one that ends where the slot ends, and for an empty "
    "one there.",
    source="kvm_clear_dirty_log_protect; commit 76d58e0f07ec",
    rows=(58,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=clear_is_faultless,
    expected="done",
    operations=("ClearDirtyLog",),
    holds=is_done,
)

CLEAR_SPARES_THE_REST = owing(
    17,
    Why.SPARED,
    title="CLEAR leaves the pages that it is not given",
    must=(
        "A dirty page that `KVM_CLEAR_DIRTY_LOG` is not given MUST be in the next "
        "answer of `KVM_GET_DIRTY_LOG`."
    ),
    source="kvm_clear_dirty_log_protect: fetch_andnot",
    rows=(58,),
    profiles=ONLY_LINUX,
    also=("ClearDirtyLog",),
)


def shows_a_cleared_log(facts: Facts, answered: Answered) -> bool:
    """The log was shown of which pages were cleared and not written since."""
    known = facts.dirty.certain_log(answered.thread)
    return (
        known is not None
        and isinstance(answered.reply, DirtyLog)
        and known[0].may is not None
        and bool(known[0].cleared)
    )


def expects_cleared_pages_clean(facts: Facts, answered: Answered) -> str:
    """Those that are shown."""
    known = facts.dirty.certain_log(answered.thread)
    surplus = facts.dirty.surplus(answered.thread, answered.reply)
    shown = () if known is None else sorted(surplus & known[0].cleared)
    pages = describe_pages(tuple(shown))
    return f"clean, for they were cleared and nobody has written them since: {pages}"


@clause(
    id="DIRTY-18",
    title="CLEAR takes out what it is given",
    must="A page that `KVM_CLEAR_DIRTY_LOG` was given MUST NOT be shown by "
    "`KVM_GET_DIRTY_LOG` before it is written to again.",
    source='"KVM: Fix loop of clear dirty with off-by-one"',
    rows=(58,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=shows_a_cleared_log,
    expected=expects_cleared_pages_clean,
    operations=("GetDirtyLog", "ClearDirtyLog"),
    exact=True,
)
def clear_clears(facts: Facts, answered: Answered) -> bool:
    known = facts.dirty.certain_log(answered.thread)
    surplus = facts.dirty.surplus(answered.thread, answered.reply)
    return known is None or surplus.isdisjoint(known[0].cleared)


CLEAR_REARMS = owing(
    19,
    Why.REARMED,
    title="A cleared page that is written is dirty again",
    must=(
        "A page that is written after `KVM_CLEAR_DIRTY_LOG` has answered for it MUST "
        "be in the next answer of `KVM_GET_DIRTY_LOG`."
    ),
    source="kvm_arch_mmu_enable_log_dirty_pt_masked; api.rst 4.117",
    rows=(58,),
    profiles=ONLY_LINUX,
    also=("ClearDirtyLog",),
    any_operation=GUEST_WRITES,
)


def asks_for_bad_options(facts: Facts, answered: Answered) -> bool:
    """An option is not known, or stands without the one it needs."""
    operation = answered.operation
    return isinstance(operation, EnableManualProtect) and bool(
        enable_objections(operation)
    )


def expects_einval(facts: Facts, answered: Answered) -> str:
    """The refusal."""
    return f"refused EINVAL: {DirtyObjection.BAD_OPTIONS.value}"


@clause(
    id="DIRTY-21",
    title="Manual protection refuses options it does not know",
    must="Options of manual protection that are not known, or the one for logs that "
    "begin dirty without the one for manual protection, MUST be refused with "
    "EINVAL.",
    source="kvm_vm_ioctl_enable_cap_generic",
    rows=(58,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=asks_for_bad_options,
    expected=expects_einval,
    operations=("EnableManualProtect",),
)
def bad_options(facts: Facts, answered: Answered) -> bool:
    return answers(answered.reply, (DirtyObjection.BAD_OPTIONS,))


def asks_for_good_options(facts: Facts, answered: Answered) -> bool:
    """Every option is known, and has what it needs."""
    operation = answered.operation
    return isinstance(operation, EnableManualProtect) and not enable_objections(
        operation
    )


GOOD_OPTIONS = Clause(
    id="DIRTY-22",
    title="Manual protection can be turned on and off",
    must="Manual protection MUST be taken alone, with the option for logs that begin "
    "dirty, and back.",
    source="kvm_vm_ioctl_enable_cap_generic",
    rows=(58,),
    profiles=ONLY_LINUX,
    on=Answered,
    premise=asks_for_good_options,
    expected="done",
    operations=("EnableManualProtect",),
    holds=is_done,
)

CLAUSES: tuple[AnyClause, ...] = (
    CLEAR_OF_NO_ID,
    CLEAR_OFF_A_WORD,
    CLEAR_OF_NO_LOG,
    CLEAR_OUTSIDE,
    CLEAR_IS_DONE,
    CLEAR_SPARES_THE_REST,
    clear_clears,
    CLEAR_REARMS,
    bad_options,
    GOOD_OPTIONS,
)
