"""Guest memory slots of Linux KVM as pure values, functions, clauses and a judge.

What is here is enough to judge a history, and for a small adapter to answer; its
modules have the rest. Nothing inside the package imports from here.
"""

from typing import TYPE_CHECKING

from memslot_spec.on_demand import on_demand

if TYPE_CHECKING:
    from memslot_spec.clauses import CLAUSES, clause_by_id
    from memslot_spec.history.header import Header, History
    from memslot_spec.judging.judge import judge
    from memslot_spec.judging.judgement import Finding, Judgement
    from memslot_spec.model.profile import Limits
    from memslot_spec.model.replies import Done, Refused
    from memslot_spec.model.values import Errno, MemoryRegion, Slot

__all__ = (
    "CLAUSES",
    "Done",
    "Errno",
    "Finding",
    "Header",
    "History",
    "Judgement",
    "Limits",
    "MemoryRegion",
    "Refused",
    "Slot",
    "clause_by_id",
    "judge",
)

if not TYPE_CHECKING:
    __getattr__ = on_demand(
        globals(),
        __all__,
        (
            "memslot_spec.model.values",
            "memslot_spec.model.replies",
            "memslot_spec.model.profile",
            "memslot_spec.history.header",
            "memslot_spec.clauses",
            "memslot_spec.judging.judge",
        ),
    )
