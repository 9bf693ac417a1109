"""The dirty log: what GET answers, and how a log begins and lives on.

The next GET must report every page that was written; it may report more than was
written, unless the target claims that it does not.
"""

from __future__ import annotations

from functools import partial

from memslot_spec.arithmetic.bitmaps import set_bits, words_for
from memslot_spec.clause import AnyClause, Clause, clause
from memslot_spec.facts.dirty_log import Why
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import count, describe_pages, describe_reply
from memslot_spec.known import Known, Measured
from memslot_spec.model.dirty_log import is_whole
from memslot_spec.model.profile import BOTH, ONLY_LINUX
from memslot_spec.model.replies import DirtyLog
from memslot_spec.moments.dirty import BoundedLog, LogReported, SizedLog

GUEST_WRITES = ("GuestAccess", "UseHvaCache", "WriteGuest")
"""The operations that write to guest memory."""


def has_such_pages(why: Why, facts: Facts, log: LogReported) -> bool:
    """Some page must be reported for this reason."""
    return why in log.must_report.values()


def reports_them(why: Why, facts: Facts, log: LogReported) -> bool:
    return not log.missing(why)


def the_missing_pages(why: Why, facts: Facts, log: LogReported) -> str:
    return f"dirty, because {why.value}: {describe_pages(log.missing(why))}"


def must_report(
    number: int,
    why: Why,
    *,
    title: str,
    must: str,
    known: Known,
    rows: tuple[int, ...],
    also: tuple[str, ...] = (),
    any_operation: tuple[str, ...] = (),
) -> AnyClause:
    """The clause by which GET must report the pages that are dirty for one reason.

    `also` are operations that today's kernel alone has, and that it takes besides.
    """
    return Clause(
        id=f"DIRTY-{number}",
        title=title,
        must=must,
        known=known,
        rows=rows,
        profiles=ONLY_LINUX if also else BOTH,
        on=LogReported,
        premise=partial(has_such_pages, why),
        holds=partial(reports_them, why),
        expected=partial(the_missing_pages, why),
        operations=("GetDirtyLog", *also),
        any_operation=any_operation,
    )


NO_WRITE_LOST = must_report(
    4,
    Why.WRITTEN,
    title="GET reports every page that was written",
    must="A page of a slot that logs, written before `KVM_GET_DIRTY_LOG` is called, "
    "by the guest or by KVM for it while a vCPU runs, be it in a copy that ended with "
    "an error at a later page, MUST be in its answer, unless since the write another "
    "answer had it, `KVM_CLEAR_DIRTY_LOG` was given it, or the fault of another vCPU, "
    "by which it could be written, has yet to mark it.",
    known=Known(
        read="commit edde99ce0529; 6.1 virt/kvm/kvm_main.c:2187, "
        "kvm_get_dirty_log_protect(); 3096, __kvm_write_guest_page(); 3317, "
        "mark_page_dirty_in_slot(), which returns where no vCPU runs; "
        "arch/x86/kvm/mmu/mmu.c:3254, fast_pf_fix_direct_spte()",
        last_read="2026-11-27",
    ),
    rows=(56,),
    any_operation=GUEST_WRITES,
)

MANUAL_CLEARS_NOTHING = must_report(
    6,
    Why.SHOWN,
    title="With manual protection GET clears nothing",
    must="With manual protection, a page that `KVM_GET_DIRTY_LOG` has shown MUST be "
    "shown again until `KVM_CLEAR_DIRTY_LOG` is given it, or a GET without manual "
    "protection shows it.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2164, kvm_get_dirty_log_protect(); api.rst 4.8",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(56,),
    also=("EnableManualProtect",),
)

BEGINS_DIRTY = must_report(
    24,
    Why.INITIAL,
    title="A log that begins dirty begins with every page",
    must="With the option for it, a log MUST begin with every page of the slot dirty: "
    "GET shows a page until `KVM_CLEAR_DIRTY_LOG` is given it, or a GET without "
    "manual protection has shown it.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1641, kvm_prepare_memory_region(): "
        "KVM_DIRTY_LOG_INITIALLY_SET; 2164, kvm_get_dirty_log_protect()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(59,),
    also=("EnableManualProtect",),
)

KEPT_BY_A_MOVE = must_report(
    25,
    Why.MOVED,
    title="A slot that moves and goes on logging keeps its log",
    must="A move of a slot that goes on logging MUST keep the bitmap: the pages that "
    "were dirty when it was moved, counted from its base, are in the next answer of "
    "`KVM_GET_DIRTY_LOG`.",
    known=Known(
        read="patch, __kvm_set_memory_region(): new = old, dirty_bitmap and all; 6.1 "
        "virt/kvm/kvm_main.c:1635, kvm_prepare_memory_region()",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(59,),
)

KEPT_BY_A_REFUSAL = must_report(
    26,
    Why.UNDISTURBED,
    title="A refused request leaves the log alone",
    must="The pages of a slot that were dirty when a request for it was refused, or "
    "that `KVM_CLEAR_DIRTY_LOG` was given when it was refused, MUST be in the next "
    "answer of `KVM_GET_DIRTY_LOG`.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1649, kvm_prepare_memory_region(): only a new "
        "bitmap is freed; 2270, kvm_clear_dirty_log_protect(): looked at first",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(59, 65),
)


def is_not_the_first(facts: Facts, log: BoundedLog) -> bool:
    return not log.is_first


def the_surplus_clean(facts: Facts, log: BoundedLog) -> str:
    since = "the log began" if log.is_first else "they were reported"
    pages = describe_pages(tuple(sorted(log.surplus - log.cleared)))
    return f"clean, for nobody has written them since {since}: {pages}"


@clause(
    id="DIRTY-5",
    title="GET clears what it reports",
    must="Where a log is claimed to be exact, a page that `KVM_GET_DIRTY_LOG` has "
    "shown MUST NOT be shown again before it is written to again, unless GET leaves "
    "the log as it is. Other logs may show pages that were only read.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:2187, kvm_get_dirty_log_protect(): xchg()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(56,),
    on=BoundedLog,
    premise=is_not_the_first,
    expected=the_surplus_clean,
    operations=("GetDirtyLog",),
    exact=True,
)
def reported_once(facts: Facts, log: BoundedLog) -> bool:
    # Pages that a CLEAR took out are DIRTY-18's, bits past the end DIRTY-7's.
    return log.surplus <= log.cleared


def is_the_first(facts: Facts, log: BoundedLog) -> bool:
    return log.is_first


@clause(
    id="DIRTY-23",
    title="A log begins clean",
    must="Where a log is claimed to be exact, the first answer of `KVM_GET_DIRTY_LOG` "
    "since a slot's logging was turned on MUST show no page that was not written "
    "since, unless a log begins with every page dirty.",
    known=Known(
        read="patch, __kvm_set_memory_region(): memset of a new dirty_bitmap; 6.1 "
        "virt/kvm/kvm_main.c:1637, kvm_prepare_memory_region(): a new bitmap is zero",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(59,),
    on=BoundedLog,
    premise=is_the_first,
    expected=the_surplus_clean,
    operations=("GetDirtyLog",),
    exact=True,
)
def begins_clean(facts: Facts, log: BoundedLog) -> bool:
    return log.surplus <= log.cleared


def is_answered(facts: Facts, log: SizedLog) -> bool:
    return isinstance(log.reply, DirtyLog)


def no_bit_past_the_end(facts: Facts, log: SizedLog) -> str:
    return f"no bit set at or past page {log.npages}"


@clause(
    id="DIRTY-7",
    title="No bit is set past the slot's last page",
    must="The bits of a dirty log at or past the slot's page count MUST be zero.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1642, kvm_prepare_memory_region(): "
        "bitmap_set(); 2302, kvm_clear_dirty_log_protect()",
        last_read="2026-11",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(56,),
    on=SizedLog,
    premise=is_answered,
    expected=no_bit_past_the_end,
    operations=("GetDirtyLog",),
)
def nothing_past_the_end(facts: Facts, log: SizedLog) -> bool:
    reply = log.reply
    return isinstance(reply, DirtyLog) and all(
        page < log.npages for page in set_bits(reply.bitmap)
    )


def the_whole_log(facts: Facts, log: SizedLog) -> str:
    return f"a bitmap of {count(words_for(log.npages), 'word')} of 64 pages"


def the_words_there_are(facts: Facts, log: SizedLog) -> str:
    if not isinstance(log.reply, DirtyLog):
        return describe_reply(log.reply)
    return f"a bitmap of {count(len(log.reply.bitmap), 'word')}"


@clause(
    id="DIRTY-8",
    title="GET answers with the log of the whole slot",
    must="`KVM_GET_DIRTY_LOG` of a slot that logs MUST answer with as many 64-bit "
    "words as hold a bit for every page of the slot.",
    known=Known(
        read="patch, kvm_get_dirty_log(): a bit for each page, in whole longs; 6.1 "
        "include/linux/kvm_host.h:586, kvm_dirty_bitmap_bytes()",
        last_read="2026-11-27",
        measured=Measured("6.18", "memslots check kvm --seed 1"),
    ),
    rows=(56,),
    on=SizedLog,
    expected=the_whole_log,
    observed=the_words_there_are,
    operations=("GetDirtyLog",),
)
def covers_the_whole_slot(facts: Facts, log: SizedLog) -> bool:
    return is_whole(log.reply, log.npages)


CLAUSES: tuple[AnyClause, ...] = (
    NO_WRITE_LOST,
    MANUAL_CLEARS_NOTHING,
    BEGINS_DIRTY,
    KEPT_BY_A_MOVE,
    KEPT_BY_A_REFUSAL,
    reported_once,
    begins_clean,
    nothing_past_the_end,
    covers_the_whole_slot,
)
