"""The program that plays a part of a target in a process of its own from the start.

    python -m memslot_conformance.run.preloaded_worker FD PLAN

It writes lines to the file descriptor, as `run.preloaded` reads them. The plan is JSON.
"""

from __future__ import annotations

import json
import os
import sys

from memslot_conformance.layers.layers import run_target
from memslot_conformance.run.part_run import SAID
from memslot_conformance.run.preloaded import PLAN, RAISED, RECORD, WORDS
from memslot_conformance.targets.crash_record import CrashRecord
from memslot_conformance.targets.worker import described


class _ToldRecord(CrashRecord):
    """What the target is doing, told to the worker that outlives this process."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd

    def say(self, words: str) -> None:
        """Tell it."""
        _write(self._fd, WORDS + json.dumps(words))


def _write(fd: int, line: str) -> None:
    data = f"{line}\n".encode()
    while data:
        data = data[os.write(fd, data) :]


def main() -> None:
    """Play the part, and tell of it."""
    fd, plan = int(sys.argv[1]), PLAN.from_text(sys.argv[2])
    try:
        run_target(
            plan,
            lambda record: _write(fd, RECORD + SAID.to_text(record)),
            _ToldRecord(fd),
        )
    except BaseException as error:  # noqa: BLE001 - told, whatever it is
        _write(fd, RAISED + json.dumps(described(error)))


if __name__ == "__main__":
    main()
