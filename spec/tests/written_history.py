"""A small history and its file, for tests of what is written."""

from __future__ import annotations

from memslot_spec.history.events import Call, Return
from memslot_spec.history.header import Capabilities, Header, History
from memslot_spec.history.points.tables import TableLoaded
from memslot_spec.history.wire import history_to_json
from memslot_spec.model.operations import GfnToHva
from memslot_spec.model.profile import Limits
from memslot_spec.model.replies import Done

HEADER = Header(
    target="t",
    profile="linux",
    limits=Limits(),
    capabilities=Capabilities(operations=("GfnToHva",)),
)
HISTORY = History(HEADER, (Call(0, GfnToHva(3)), Return(0, Done()), TableLoaded(1, 3)))
TEXT = history_to_json(HISTORY)
