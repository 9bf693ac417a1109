"""What a refusal leaves: the same answers to the same questions, the same options."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.clauses.dirty.log import GUEST_WRITES
from memslot_spec.facts.answers import QUESTIONS
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words import (
    describe_operation,
    describe_pages,
    describe_reply,
)
from memslot_spec.known import Known
from memslot_spec.model.profile import ONLY_LINUX
from memslot_spec.model.replies import same_reply
from memslot_spec.moments.answers import AskedAgain, OptionsShown


def the_answer_before(facts: Facts, again: AskedAgain) -> str:
    refused = describe_operation(again.refused)
    return f"{describe_reply(again.before)}, as before the refusal of: {refused}"


def the_answer_after(facts: Facts, again: AskedAgain) -> str:
    return f"{describe_reply(again.reply)}, after the refusal"


@clause(
    id="ERR-6",
    title="A refused request changes no answer",
    must="When nothing but requests, `KVM_CLEAR_DIRTY_LOG` and options of manual "
    "protection that were refused lies between two lookups, two questions for the page "
    "budget or two uses of a cached host address, the second MUST be answered as the "
    "first.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:1877, kvm_set_memslot(): what fails is put back; "
        "1655, kvm_commit_memory_region(), which alone changes the page count",
        last_read="2026-11-27",
    ),
    rows=(65,),
    on=AskedAgain,
    expected=the_answer_before,
    observed=the_answer_after,
    any_operation=tuple(kind.__name__ for kind in QUESTIONS),
)
def answered_as_before(facts: Facts, again: AskedAgain) -> bool:
    return same_reply(again.before, again.reply)


def the_options_before(facts: Facts, options: OptionsShown) -> str:
    refused = describe_operation(options.refused)
    return f"manual protection still on, after the refusal of: {refused}"


def the_options_after(facts: Facts, options: OptionsShown) -> str:
    return f"GET has cleared {describe_pages(options.lost)}: manual protection is off"


@clause(
    id="ERR-7",
    title="A refused request leaves the options of the log",
    must="Manual protection that was seen to be on when a request, "
    "`KVM_CLEAR_DIRTY_LOG` or options of it were refused MUST be on after that.",
    known=Known(
        read="6.1 virt/kvm/kvm_main.c:4633, kvm_vm_ioctl_enable_cap_generic(): tested "
        "before it is stored; nothing else stores it",
        last_read="2026-11-27",
    ),
    rows=(58, 65),
    profiles=ONLY_LINUX,
    on=OptionsShown,
    expected=the_options_before,
    observed=the_options_after,
    operations=("GetDirtyLog", "EnableManualProtect"),
    any_operation=GUEST_WRITES,
)
def options_stay(facts: Facts, options: OptionsShown) -> bool:
    return not options.lost


CLAUSES: tuple[AnyClause, ...] = (answered_as_before, options_stay)
