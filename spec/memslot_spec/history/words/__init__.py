"""Operations, replies and events in words, for lanes and reports.

Short enough for a lane of a drawn history; `events.py` says what each one means.
Guest frames and addresses are in hex, numbers of pages in decimal. `3[5]` is
entry 5 of shadow page 3; `rmap 0[5]` is position 5 of the reverse map of slot 0.

A function that matches a closed union has a case and an answer for each member,
which is more than ruff's C901, PLR0911 and PLR0912 allow.
"""

from memslot_spec.history.words.events import describe_event
from memslot_spec.history.words.names import (
    count,
    describe_pages,
    describe_slot,
    describe_slots,
)
from memslot_spec.history.words.operations import describe_operation
from memslot_spec.history.words.points import VersionOf
from memslot_spec.history.words.replies import describe_reply

__all__ = (
    "VersionOf",
    "count",
    "describe_event",
    "describe_operation",
    "describe_pages",
    "describe_reply",
    "describe_slot",
    "describe_slots",
)
