"""Facts about what was asked and answered, to hold answers after a refusal to them.

An answer is remembered for as long as nothing is done that may change it: questions,
and requests that are refused. Calls that overlap make nobody wiser, and end that.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import get_args

from memslot_spec.model.explain import TABLE_READERS
from memslot_spec.model.operations import (
    ClearDirtyLog,
    EnableManualProtect,
    MemslotId,
    Operation,
    TableRequest,
    UseHvaCache,
    VcpuGfnToMemslot,
)
from memslot_spec.model.replies import Refused, Reply, Translated

REFUSABLE = (*get_args(TableRequest), ClearDirtyLog, EnableManualProtect)
"""The operations that change nothing where they are refused.

A GET that is refused may have taken bits out of the log, and a cache whose
initialisation is refused forgets: 6.1 virt/kvm/kvm_main.c:2199,
kvm_get_dirty_log_protect(); 3183, __kvm_gfn_to_hva_cache_init().
"""

QUESTIONS = (*TABLE_READERS, UseHvaCache)
"""The operations whose answers are held to those of before."""

KEEPING = (*QUESTIONS, *REFUSABLE)
"""The operations that may leave every answer as it was."""


@dataclass(frozen=True, slots=True)
class Given:
    """An answer, and how many requests had been refused by then."""

    reply: Reply
    refusals: int


@dataclass(slots=True)
class Answers:
    """The answers that must still be given, by question.

    `refusals` counts requests that were refused, `refused` is the last of them.
    `mixed`: calls overlap. Of questions in `open_ones` one table does not decide.
    """

    open_ones: tuple[type, ...] = ()
    given: dict[Operation, Given] = field(default_factory=dict[Operation, Given])
    refusals: int = 0
    refused: Operation | None = None
    mixed: bool = False

    def called(self, operation: Operation, *, alone: bool) -> None:
        """An operation begins."""
        self.mixed |= not alone
        if self.mixed or not isinstance(operation, KEEPING):
            self.given.clear()

    def returned(self, operation: Operation, reply: Reply, *, at_rest: bool) -> None:
        """An operation has answered; `at_rest`: none is under way any more."""
        if self.mixed:
            self.given.clear()
            self.mixed = not at_rest
        elif isinstance(operation, REFUSABLE):
            self._done(operation, reply)
        elif isinstance(operation, QUESTIONS) and self._is_decided(operation, reply):
            self.given[operation] = Given(reply, self.refusals)

    def _done(self, operation: Operation, reply: Reply) -> None:
        if isinstance(reply, Refused):
            self.refusals += 1
            self.refused = operation
        else:
            self.given.clear()

    def _is_decided(self, operation: Operation, reply: Reply) -> bool:
        """The slots alone decide the answer, so it cannot become another."""
        if isinstance(operation, UseHvaCache):
            return isinstance(reply, Translated)
        return not isinstance(operation, self.open_ones)


def open_questions(*, names_holes: bool, overlaps: bool) -> tuple[type, ...]:
    """What two answers are allowed to: an id in a hole, a hint where slots overlap."""
    holes = () if names_holes else (MemslotId,)
    return (*holes, VcpuGfnToMemslot) if overlaps else holes
