"""A Python adapter as a program that speaks lines of JSON, and is stepped.

    python served_adapter.py MODULE:FACTORY [PROFILE]

The adapter is what it is in the process of the suite: its hook is a gate for threads.
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, cast

from memslot_conformance.adapter.capabilities import observed
from memslot_conformance.adapter.perform import perform
from memslot_conformance.targets.resolve import Target, made_by
from memslot_conformance.targets.stdio.messages import (
    DIALECT,
    GREETING,
    REQUEST,
    Advance,
    CarryOut,
    Close,
    Greeting,
    New,
    Observe,
    Start,
)
from memslot_spec.history.events import Event
from memslot_spec.history.hook import Hook
from memslot_spec.history.json_form import JsonForm
from memslot_spec.history.views import View
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from thread_gate import Gate, Stuck

EVENT: JsonForm[Event] = JsonForm(Event, DIALECT)
REPLY: JsonForm[Reply] = JsonForm(Reply, DIALECT)
VIEW: JsonForm[View] = JsonForm(View, DIALECT)

Fields = dict[str, Any]


class GateHook:
    """The hook of an adapter, told as a gate is."""

    def __init__(self) -> None:
        self.gate = Gate()

    def point(self, kind: Callable[..., Event], /, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        fields: Fields = EVENT.write(kind(0, *args, **kwargs))
        del fields["thread"]
        self.gate.point(fields.pop("e"), **fields)

    def wait(self, until: Callable[[], bool], label: str) -> None:
        self.gate.wait(until, label)


class ServedVm:
    """One VM, and what is answered of it."""

    def __init__(self, target: Target) -> None:
        hook = GateHook()
        self.gate = hook.gate
        self._made = target.make(cast("Hook", hook))
        self.gate.taken()

    def answers(self, request: object) -> Iterator[Fields]:
        """The lines that answer a request, without their number."""
        gate = self.gate
        if gate.stuck is not None and not isinstance(request, Close):
            yield {"waits": gate.stuck}
            return
        match request:
            case CarryOut(_, _, operation):
                yield self._alone(operation)
            case Observe():
                view = observed(self._made)
                gate.taken()
                yield {"view": VIEW.write(view or View())}
            case Start(_, _, threads, stops):
                rows: list[list[Callable[[], Fields]]] = [
                    [partial(self._reply, op) for op in row] for row in threads
                ]
                gate.start(rows, list(stops))
                yield {}
            case Advance(_, _, runs, stays, most):
                gate.advance([(r.thread, r.turns) for r in runs], most, stays=stays)
                yield from ({"turn": turn} for turn in gate.told)
                yield {}
            case _:
                gate.end()
                yield {}

    def _alone(self, operation: Operation) -> Fields:
        try:
            reply = self._reply(operation)
        except Stuck:
            return {"points": self.gate.taken(), "waits": self.gate.stuck}
        return {"points": self.gate.taken(), "reply": reply}

    def _tasks(self, row: tuple[Operation, ...]) -> list[Callable[[], Fields]]:
        return [partial(self._reply, operation) for operation in row]

    def _reply(self, operation: Operation) -> Fields:
        return REPLY.write(perform(self._made, operation))


def greeting_of(target: Target) -> Fields:
    greeting = Greeting(
        name=target.description,
        capabilities=target.header.capabilities,
        profile=target.profile.name,
        limits=target.header.limits,
        domain=target.header.domain,
    )
    return {"memslots_lines": 2, **GREETING.write(greeting)}


def say(what: Fields) -> None:
    sys.stdout.write(json.dumps(what) + "\n")


def main(path: str, profile: str | None) -> None:
    module, _, name = path.partition(":")
    target = made_by(getattr(importlib.import_module(module), name), profile)
    sys.stdin.readline()
    say(greeting_of(target))
    sys.stdout.flush()
    vms: dict[int, ServedVm] = {}
    for line in sys.stdin:
        request = REQUEST.read(json.loads(line))
        if isinstance(request, New):
            vms[request.vm] = ServedVm(target)
            say({"n": request.n})
        else:
            for answer in vms[request.vm].answers(request):
                say({"n": request.n, **answer})
        if isinstance(request, Close):
            del vms[request.vm]
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], next(iter(sys.argv[2:]), None))
