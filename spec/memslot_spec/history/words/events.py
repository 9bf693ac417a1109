"""Events in words: a call, a reply, a point, or what introspection shows."""

from __future__ import annotations

from memslot_spec.history import events
from memslot_spec.history.events import Event
from memslot_spec.history.views import View
from memslot_spec.history.words.names import count
from memslot_spec.history.words.operations import describe_operation
from memslot_spec.history.words.points import VersionOf, describe_point
from memslot_spec.history.words.replies import describe_reply


def describe_event(event: Event, version_of: VersionOf | None = None) -> str:
    """What happened; without `version_of`, tables go by their handles."""
    match event:
        case events.Call(_, operation):
            return describe_operation(operation)
        case events.Return(_, reply):
            return f"-> {describe_reply(reply)}"
        case events.Observed(_, view):
            return _view(view)
        case events.Finished(_, stuck):
            threads = ", ".join(f"T{thread}" for thread in stuck)
            return f"stuck for ever: {threads}" if stuck else "all is done"
        case _:
            return describe_point(event, version_of or str)


def _view(view: View) -> str:
    parts = (
        None if view.table is None else count(len(view.table.slots), "slot"),
        None if view.sptes is None else count(len(view.sptes), "spte"),
        None if view.pages is None else count(len(view.pages), "shadow page"),
    )
    return f"observe {', '.join(p for p in parts if p) or 'nothing'}"
