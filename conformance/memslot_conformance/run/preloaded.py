"""A part of a target's work, in a process that was started with a run time preloaded.

A worker is forked. That of a library which ThreadSanitizer watches starts a program of
its own in its place, hands on what this says, and ends as it ends. What the run time
reported is told at the end, as findings of their own kind.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import DataRace, TargetFinished
from memslot_conformance.layers import layers
from memslot_conformance.run.part_run import SAID, OnSaid
from memslot_conformance.targets.c.sanitizer import (
    STATUS,
    environment,
    is_there,
    library_of,
    reports,
    runtime_of,
)
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.worker import lift_memory_limit
from memslot_spec.history.json_form import JsonForm

PLAN: JsonForm[TargetPlan] = JsonForm(TargetPlan)
"""How a plan is handed to the program."""

MODULE = "memslot_conformance.run.preloaded_worker"

RECORD, WORDS, RAISED = "L", "C", "R"
"""How a line of the program begins: a record, what it is doing, how it broke."""


class PreloadedError(Exception):
    """The program broke; the message says how."""


def run_part(plan: TargetPlan, send: OnSaid, crash_record: CrashRecord) -> None:
    """Play a part here, or in a process with what its library needs.

    Errors: as `run_target`; `PreloadedError`.
    """
    runtime = runtime_of(plan.target)
    if runtime is None or is_there(runtime):
        layers.run_target(plan, send, crash_record)
    else:
        _run_preloaded(plan, runtime, send, crash_record)


def _run_preloaded(
    plan: TargetPlan, runtime: str, send: OnSaid, crash_record: CrashRecord
) -> None:
    finished: list[TargetFinished] = []

    def hear(line: str) -> None:
        kind, text = line[:1], line[1:]
        if kind == WORDS:
            crash_record.say(str(json.loads(text)))
        elif kind == RAISED:
            raised.append(str(json.loads(text)))
        else:
            said = SAID.from_text(text)
            if isinstance(said, TargetFinished):
                finished.append(said)
            else:
                send(said)

    raised: list[str] = []
    with TemporaryDirectory() as folder:
        log = Path(folder) / "race"
        status = _followed(plan, environment(runtime, log), hear)
        for race in _races(plan.target, Path(folder)):
            send(race)
    if status < 0:
        # As the program ended, so does the worker.
        signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    if raised:
        raise PreloadedError(raised[0])
    if status not in (0, STATUS) or not finished:
        os._exit(status)
    for last in finished:
        send(last)


def _followed(
    plan: TargetPlan, environ: dict[str, str], hear: Callable[[str], None]
) -> int:
    """Start the program, hear all of its lines, and tell how it ended."""
    # The run time reserves terabytes of addresses, which cost nothing.
    lift_memory_limit()
    reading, writing = os.pipe()
    program = subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, "-m", MODULE, str(writing), PLAN.to_text(plan)],
        env={**environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        pass_fds=(writing,),
    )
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            hear(line.removesuffix("\n"))
    return program.wait()


def _races(target: str, folder: Path) -> list[DataRace]:
    text = "".join(
        log.read_text("utf-8", "replace") for log in sorted(folder.iterdir())
    )
    return [
        DataRace(target=target, what=report.what, stacks=report.stacks)
        for report in reports(text, library_of(target).name)
    ]
