"""A program as a target: what it is asked, what is written ahead, and how it ends."""

from __future__ import annotations

import json
import os
import shlex
import signal
import sys
import time
from dataclasses import fields
from pathlib import Path
from typing import Any, get_args

import pytest

import odd_programs
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.adapter.perform import perform
from memslot_conformance.play.scheduler import Play
from memslot_conformance.targets.isolation import isolated
from memslot_conformance.targets.resolve import Target, resolve
from memslot_conformance.targets.skeletons.copies import SKELETONS, copied
from memslot_conformance.targets.stdio.asking import REPLIES
from memslot_conformance.targets.stdio.messages import (
    GREETING,
    REQUEST,
    answers_schema,
    requests_schema,
)
from memslot_conformance.targets.stdio.target import ProgramFactory
from memslot_conformance.targets.stdio.vm import UNWRAPPED
from memslot_spec.history.events import Call, Observed, Return
from memslot_spec.history.hook import Silent
from memslot_spec.model.operations import (
    GfnToHva,
    GuestAccess,
    Operation,
    Origin,
    SetRegion,
)
from memslot_spec.model.replies import Done, FoundHva
from memslot_spec.model.values import MemoryRegion
from schema_check import complaints

CREATE = SetRegion(MemoryRegion(0, 0, 8192, 1 << 30))


def python(file: Path | str, *more: str) -> str:
    return shlex.join([sys.executable, "-S", "-E", str(file), *more])


@pytest.fixture(name="skeleton")
def _skeleton(tmp_path: Path) -> Target:
    return resolve(f"cmd:{python(copied(SKELETONS['stdio'], tmp_path))}")


def test_a_program_declares_what_an_adapter_does(skeleton: Target) -> None:
    header = skeleton.header
    assert skeleton.description == "a small slot table"
    assert header.capabilities.operations == ("GfnToHva", "GfnToMemslot", "SetRegion")
    assert header.capabilities.shows == ("table",)
    assert header.limits.user_slots == 64
    assert header.domain.largest_gfn == (1 << 36) - 1


def test_the_events_are_those_of_an_adapter(skeleton: Target) -> None:
    play = Play(skeleton.make)
    play.alone((CREATE, GfnToHva(1)))
    play.close()
    kinds = [type(event) for event in play.events]
    assert kinds == [Call, Return, Observed] * 2
    assert play.events[4] == Return(0, FoundHva((1 << 30) + 4096))
    other = Play(skeleton.make)
    other.alone((GfnToHva(1),))
    assert other.events[1] == Return(0, FoundHva(None))


WAITS = """
import json, sys
sys.stdin.readline()
print(json.dumps({"memslots_lines": 1, "name": "waits", "seconds": 2, "capabilities":
    {"operations": ["SetRegion"], "shows": ["table"]}}), flush=True)
asked, held = int(sys.argv[1]), []
for line in sys.stdin:
    open(sys.argv[2], "a").write(line)
    n, do = json.loads(line)["n"], json.loads(line)["do"]
    more = {"CarryOut": {"reply": {"reply": "Done"}}, "Observe": {"view": {"table":
        {"slots": []}}}}.get(do, {})
    held.append(json.dumps({"n": n, **more}))
    if n > asked:
        print("\\n".join(held), flush=True)
        held.clear()
"""
"""It answers nothing before it was asked so many times, and keeps what it was asked."""


def test_what_is_known_ahead_is_written_ahead(tmp_path: Path) -> None:
    file, kept = tmp_path / "waits.py", tmp_path / "kept"
    file.write_text(WAITS, encoding="utf-8")
    factory = ProgramFactory(python(file, "6", str(kept)), None)
    play = Play(lambda _: factory())
    assert play.alone((CREATE,) * 3)
    assert [event.reply for event in play.events if isinstance(event, Return)] == (
        [Done()] * 3
    )
    factory.end()
    lines = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    assert [line["do"] for line in lines] == ["New", *["CarryOut", "Observe"] * 3]
    assert [REQUEST.write(REQUEST.read(line)) for line in lines] == lines
    greeting = {"memslots_lines": 2, "profile": None}
    assert not complaints([greeting, *lines], requests_schema())
    assert complaints([greeting, {**lines[0], "vm": -1}], requests_schema())


ACCESSES = WAITS.replace(
    '["SetRegion"], "shows": ["table"]}}',
    '["SetRegion", "GuestAccess"]}, "domain": {"origins": ["EMULATOR"]}}',
).replace('{"reply": "Done"}', '{"reply": "Done" if "SetRegion" in line else "Mmio"}')


def test_what_is_written_ahead_is_carried_out_once(tmp_path: Path) -> None:
    file, kept = tmp_path / "accesses.py", tmp_path / "kept"
    file.write_text(ACCESSES, encoding="utf-8")
    target = resolve(f"cmd:{python(file, '0', str(kept))}")
    by_emulator = GuestAccess(5, direct=False, root=7, origin=Origin.EMULATOR)
    play = Play(target.make)
    begun = len(kept.read_text("utf-8").splitlines()) if kept.exists() else 0
    operations = (CREATE, by_emulator, GuestAccess(6), GfnToHva(1), CREATE)
    play.alone(operations, watched=False)
    assert play.fault is not None
    assert play.fault.message == "TargetError: the target has no method gfn_to_hva()"
    lines = [json.loads(line) for line in kept.read_text("utf-8").splitlines()]
    asked = [line["operation"] for line in lines[begun:] if line["do"] == "CarryOut"]
    assert [(each["op"], each.get("gfn")) for each in asked] == [
        ("SetRegion", None),
        ("GuestAccess", 5),
        ("GuestAccess", 6),
    ]


def test_who_asks_something_else_than_was_foreseen_is_told(skeleton: Target) -> None:
    made: Any = skeleton.make(Silent())
    made.foresee((CREATE, GfnToHva(1)), watched=False)
    assert made.set_region(CREATE.region) == Done()
    with pytest.raises(RuntimeError, match="something else was asked"):
        made.gfn_to_hva(2)
    with pytest.raises(RuntimeError, match="something else was asked"):
        made.foresee((CREATE,), watched=False)
    other: Any = skeleton.make(Silent())
    other.foresee((CREATE, GfnToHva(1)), watched=False)
    assert other.gfn_to_hva(1) is None


def test_the_schema_of_answers_holds_the_greeting_and_a_reply() -> None:
    greeting = {**odd_programs.GREETING, "memslots_lines": 2}
    assert GREETING.read({k: v for k, v in greeting.items() if k != "memslots_lines"})
    answers = [{"n": 1}, {"n": 2, "reply": {"reply": "PreFaulted", "npages": 1}}]
    assert not complaints([greeting, *answers], answers_schema())
    wrong = {"n": 2, "reply": {"reply": "PreFaulted", "npages": -1}}
    assert complaints([greeting, wrong], answers_schema())


def test_what_each_operation_may_be_answered_with_is_known() -> None:
    assert set(REPLIES) == set(METHODS) == set(get_args(Operation))
    for kind, field in UNWRAPPED.items():
        assert [each.name for each in fields(kind)] == [field]


def gone(pid: int) -> bool:
    for _ in range(100):
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.02)
    return False


RESTS = """
import json, os, sys, time
sys.stdin.readline()
open(sys.argv[1], "w").write(str(os.getpid()))
print(json.dumps({"memslots_lines": 1, "name": "rests", "seconds": 60, "capabilities":
    {"operations": ["SetRegion"]}}), flush=True)
time.sleep(600)
"""
"""It does not even notice that its standard input is closed."""


def test_a_program_dies_with_its_worker(tmp_path: Path) -> None:
    file, pid = tmp_path / "rests.py", tmp_path / "pid"
    file.write_text(RESTS, encoding="utf-8")

    def work(*_: object) -> None:
        ProgramFactory(python(file, str(pid)), None)
        os.kill(os.getpid(), signal.SIGKILL)

    broken = isolated(work, print, seconds=60)
    assert broken is not None
    assert "SIGKILL" in broken.what
    assert gone(int(pid.read_text("utf-8")))


def test_another_process_has_a_program_of_its_own(tmp_path: Path) -> None:
    target = resolve(f"cmd:{python(copied(SKELETONS['stdio'], tmp_path))}")
    lines: list[str] = []

    def work(send: object, _: object) -> None:
        assert callable(send)
        play = Play(target.make)
        play.alone((CREATE,))
        send(str(len(play.events)))

    assert isolated(work, lines.append, seconds=60) is None
    assert lines == ["3"]
    here = target.make(Silent())
    assert perform(here, CREATE) == Done()
