"""The dirty log: what GET answers, to whom, and how a log begins and lives on.

A page that was written is owed to the next GET; a log may show more than was
written, unless the target claims that it does not.
"""

from __future__ import annotations

from collections.abc import Callable

from memslot_spec.arithmetic.bitmaps import set_bits, words_for
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.facts.dirty_log import Why
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import describe_pages
from memslot_spec.model.dirty_log import (
    ERRNO,
    DirtyObjection,
    answers,
    get_objections,
    is_whole,
    slot_named,
)
from memslot_spec.model.operations import GetDirtyLog
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.model.replies import DirtyLog
from memslot_spec.moments.replies import Answered

Predicate = Callable[[Facts, Answered], bool]
Words = Callable[[Facts, Answered], str]

GUEST_WRITES = ("GuestAccess", "UseHvaCache")
"""The operations that write to guest memory."""


def owed_for(*reasons: Why) -> tuple[Predicate, Predicate, Words]:
    """What a clause is made of by which GET owes pages for these reasons."""

    def premise(facts: Facts, answered: Answered) -> bool:
        known = facts.dirty.certain_log(answered.thread)
        if known is None or not known[0].alone:
            return False
        if not isinstance(answered.reply, DirtyLog):
            return False
        drain, log = known
        return any(drain.owed[page] in reasons for page in drain.owed.keys() & log.owed)

    def missing(facts: Facts, answered: Answered) -> list[int]:
        found = facts.dirty.missing(answered.thread, answered.reply)
        return sorted(page for page, why in found.items() if why in reasons)

    def holds(facts: Facts, answered: Answered) -> bool:
        return not missing(facts, answered)

    def expected(facts: Facts, answered: Answered) -> str:
        words = " or ".join(why.value for why in reasons)
        pages = describe_pages(tuple(missing(facts, answered)))
        return f"dirty, because {words}: {pages}"

    return premise, holds, expected


def owing(
    number: int,
    *reasons: Why,
    title: str,
    must: str,
    source: str,
    rows: tuple[int, ...],
    profiles: frozenset[str] = BOTH,
    also: tuple[str, ...] = (),
    any_operation: tuple[str, ...] = (),
) -> AnyClause:
    """A clause by which GET owes pages for these reasons."""
    premise, holds, expected = owed_for(*reasons)
    return Clause(
        id=f"DIRTY-{number}",
        title=title,
        must=must,
        source=source,
        rows=rows,
        profiles=profiles,
        on=Answered,
        premise=premise,
        holds=holds,
        expected=expected,
        operations=("GetDirtyLog", *also),
        any_operation=any_operation,
    )


NO_WRITE_LOST = owing(
    4,
    Why.WRITTEN,
    title="GET shows every page that was written",
    must=(
        "A page of a slot that logs, written before `KVM_GET_DIRTY_LOG` is called, "
        "MUST be in its answer, unless it was in another one since it was written."
    ),
    source="kvm_get_dirty_log_protect; commit edde99ce0529",
    rows=(56,),
    any_operation=GUEST_WRITES,
)


def _surplus(facts: Facts, answered: Answered) -> frozenset[int]:
    return facts.dirty.surplus(answered.thread, answered.reply)


def a_later_log_is_known(facts: Facts, answered: Answered) -> bool:
    """A GET that is not the first of its log, and all that it can show is known."""
    known = facts.dirty.certain_log(answered.thread)
    return (
        known is not None
        and isinstance(answered.reply, DirtyLog)
        and known[0].may is not None
        and not known[0].fresh
    )


def shows_nothing_unwritten(facts: Facts, answered: Answered) -> bool:
    """It shows no page twice, unless it was written to again."""
    known = facts.dirty.certain_log(answered.thread)
    return known is None or _surplus(facts, answered) <= known[0].cleared


def expects_nothing_unwritten(facts: Facts, answered: Answered) -> str:
    """The pages that nobody wrote."""
    pages = describe_pages(tuple(sorted(_surplus(facts, answered))))
    return f"clean, for nobody has written them since they were shown: {pages}"


CLEARS_WHAT_IT_SHOWS = Clause(
    id="DIRTY-5",
    title="GET clears what it shows",
    must="A page that `KVM_GET_DIRTY_LOG` has shown MUST NOT be shown again before it "
    "is written to again, unless GET leaves the log as it is.",
    source="kvm_get_dirty_log_protect: xchg",
    rows=(56,),
    on=Answered,
    premise=a_later_log_is_known,
    expected=expects_nothing_unwritten,
    operations=("GetDirtyLog",),
    exact=True,
    holds=shows_nothing_unwritten,
)

MANUAL_TAKES_NOTHING = owing(
    6,
    Why.SHOWN,
    title="With manual protection GET takes nothing out",
    must=(
        "With manual protection, a page that `KVM_GET_DIRTY_LOG` has shown MUST be "
        "shown again until `KVM_CLEAR_DIRTY_LOG` is given it."
    ),
    source="kvm_get_dirty_log_protect; api.rst 4.8",
    rows=(56,),
    profiles=ONLY_LINUX,
    also=("EnableManualProtect",),
)


def _npages(facts: Facts, answered: Answered) -> int | None:
    """The pages of the slot, where every candidate table has it, with a log."""
    operation = answered.operation
    if not isinstance(operation, GetDirtyLog):
        return None
    sizes: set[int] = set()
    for table in answered.candidates:
        if get_objections(table, operation.slot, facts.profile, facts.limits):
            return None
        slot = slot_named(table, operation.slot)
        sizes.add(0 if slot is None else slot.npages)
    return sizes.pop() if len(sizes) == 1 else None


def shows_a_known_slot(facts: Facts, answered: Answered) -> bool:
    """The log was shown of a slot whose size is known."""
    return isinstance(answered.reply, DirtyLog) and _npages(facts, answered) is not None


def expects_nothing_past_the_end(facts: Facts, answered: Answered) -> str:
    """How many pages the slot has."""
    return f"no bit set at or past page {_npages(facts, answered)}"


@clause(
    id="DIRTY-7",
    title="No bit is set past the slot's last page",
    must="The bits of a dirty log at or past the slot's page count MUST be zero.",
    source="kvm_alloc_dirty_bitmap, bitmap_set",
    rows=(56,),
    on=Answered,
    premise=shows_a_known_slot,
    expected=expects_nothing_past_the_end,
    operations=("GetDirtyLog",),
)
def nothing_past_the_end(facts: Facts, answered: Answered) -> bool:
    npages, reply = _npages(facts, answered), answered.reply
    if npages is None or not isinstance(reply, DirtyLog):
        return True
    return all(page < npages for page in set_bits(reply.bitmap))


def asks_a_known_slot(facts: Facts, answered: Answered) -> bool:
    """Every candidate table has the slot, with a log, and of one size."""
    return _npages(facts, answered) is not None


def expects_whole_log(facts: Facts, answered: Answered) -> str:
    """How many words it takes."""
    npages = _npages(facts, answered)
    return f"a log of {words_for(npages or 0)} words of 64 pages"


@clause(
    id="DIRTY-8",
    title="GET answers with the log of the whole slot",
    must="`KVM_GET_DIRTY_LOG` of a slot that logs MUST answer with as many 64-bit "
    "words as hold a bit for every page of the slot.",
    source="kvm_dirty_bitmap_bytes",
    rows=(56,),
    on=Answered,
    premise=asks_a_known_slot,
    expected=expects_whole_log,
    operations=("GetDirtyLog",),
)
def shows_the_whole_slot(facts: Facts, answered: Answered) -> bool:
    npages = _npages(facts, answered)
    return npages is None or is_whole(answered.reply, npages)


def refused_get(
    number: int, objection: DirtyObjection, *, title: str, must: str, source: str
) -> AnyClause:
    """A clause on a GET that is refused for one reason in every candidate table."""

    def premise(facts: Facts, answered: Answered) -> bool:
        operation = answered.operation
        return isinstance(operation, GetDirtyLog) and all(
            get_objections(table, operation.slot, facts.profile, facts.limits)[:1]
            == (objection,)
            for table in answered.candidates
        )

    def holds(facts: Facts, answered: Answered) -> bool:
        return answers(answered.reply, (objection,))

    def expected(facts: Facts, answered: Answered) -> str:
        return f"refused {ERRNO[objection].value}: {objection.value}"

    return Clause(
        id=f"DIRTY-{number}",
        title=title,
        must=must,
        source=source,
        rows=(57,),
        profiles=BOTH,
        on=Answered,
        premise=premise,
        holds=holds,
        expected=expected,
        operations=("GetDirtyLog",),
    )


GET_OF_NO_ID = refused_get(
    9,
    DirtyObjection.BAD_SLOT,
    title="GET refuses a word that names no slot",
    must=(
        "`KVM_GET_DIRTY_LOG` MUST be refused with EINVAL where the word names no "
        "slot that userspace can have."
    ),
    source="kvm_get_dirty_log_protect",
)

GET_OF_NO_SLOT = refused_get(
    10,
    DirtyObjection.ABSENT,
    title="GET refuses an absent slot",
    must="`KVM_GET_DIRTY_LOG` of an absent slot MUST be refused with ENOENT.",
    source="kvm_get_dirty_log_protect",
)

GET_OF_NO_LOG = refused_get(
    11,
    DirtyObjection.NOT_LOGGED,
    title="GET refuses a slot that does not log",
    must=(
        "`KVM_GET_DIRTY_LOG` of a slot that does not log, or no longer does, MUST be "
        "refused with ENOENT."
    ),
    source="kvm_get_dirty_log_protect",
)


def a_first_log_is_known(facts: Facts, answered: Answered) -> bool:
    """The first GET of a log that began with no page dirty."""
    known = facts.dirty.certain_log(answered.thread)
    return known is not None and isinstance(answered.reply, DirtyLog) and known[0].fresh


def expects_a_fresh_log(facts: Facts, answered: Answered) -> str:
    """The pages that nobody wrote since logging began."""
    pages = describe_pages(tuple(sorted(_surplus(facts, answered))))
    return f"clean, for nobody has written them since the log began: {pages}"


BEGINS_CLEAN = Clause(
    id="DIRTY-23",
    title="A log begins clean",
    must="The first answer of `KVM_GET_DIRTY_LOG` since a slot's logging was turned on "
    "MUST show no page that was not written since, unless a log begins with "
    "every page dirty.",
    source="kvm_prepare_memory_region",
    rows=(59,),
    on=Answered,
    premise=a_first_log_is_known,
    expected=expects_a_fresh_log,
    operations=("GetDirtyLog",),
    exact=True,
    holds=shows_nothing_unwritten,
)

BEGINS_DIRTY = owing(
    24,
    Why.INITIAL,
    title="A log that begins dirty begins with every page",
    must=(
        "With the option for it, a log that begins MUST show every page of the slot "
        "until `KVM_CLEAR_DIRTY_LOG` is given it."
    ),
    source="kvm_prepare_memory_region, KVM_DIRTY_LOG_INITIALLY_SET",
    rows=(59,),
    profiles=ONLY_LINUX,
    also=("EnableManualProtect",),
)

KEPT_BY_A_MOVE = owing(
    25,
    Why.MOVED,
    title="A slot that moves takes its log with it",
    must=(
        "The pages of a slot that were dirty when it was moved, counted from its "
        "base, MUST be in the next answer of `KVM_GET_DIRTY_LOG`."
    ),
    source="kvm_prepare_memory_region",
    rows=(59,),
)

KEPT_BY_A_REFUSAL = owing(
    26,
    Why.UNDISTURBED,
    title="A refused request leaves the log alone",
    must=(
        "The pages of a slot that were dirty when a request for it was refused MUST "
        "be in the next answer of `KVM_GET_DIRTY_LOG`."
    ),
    source="kvm_prepare_memory_region: only a new bitmap is freed",
    rows=(59, 65),
)

CLAUSES: tuple[AnyClause, ...] = (
    NO_WRITE_LOST,
    CLEARS_WHAT_IT_SHOWS,
    MANUAL_TAKES_NOTHING,
    nothing_past_the_end,
    shows_the_whole_slot,
    GET_OF_NO_ID,
    GET_OF_NO_SLOT,
    GET_OF_NO_LOG,
    BEGINS_CLEAN,
    BEGINS_DIRTY,
    KEPT_BY_A_MOVE,
    KEPT_BY_A_REFUSAL,
)
