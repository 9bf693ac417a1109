"""What a harness in Python says at its end: found or not, and how large it was.

All count alike: an operation is a call of the table by the harness since the table was
new, an event is the call, its return, or a step that the table tells of.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from random import Random
from time import process_time

from slot_model import Checked


@dataclass
class Failure:
    """What was found, and the size of the run of the table that shows it."""

    what: str
    operations: int
    events: int


class Told:
    """Watches the table that is tried now."""

    def __init__(self) -> None:
        self.checked: Checked | None = None
        self.steps: Callable[[], int] = int

    def watch(self, checked: Checked, steps: Callable[[], int]) -> None:
        """From here on this table is tried; `steps` are those it has told of."""
        self.checked, self.steps = checked, steps

    def failure(self, error: BaseException) -> Failure:
        """Its size now. The call that failed has not returned."""
        operations = self.checked.operations if self.checked else 0
        events = 2 * operations - 1 + self.steps()
        return Failure(f"{type(error).__name__}: {error}", operations, events)


def say(failure: Failure | None) -> int:
    """Print it in a line; the status is 1 where there is one."""
    print(json.dumps(failure and asdict(failure)), flush=True)
    return int(failure is not None)


Attempt = Callable[[str | None, Random, Told], None]


def search(attempt: Attempt, argv: list[str]) -> int:
    """Attempt until one fails, or for so many seconds of the processor."""
    _, bug, seed, seconds = argv
    rng, told = Random(int(seed)), Told()
    while process_time() < float(seconds):
        try:
            attempt(None if bug == "sound" else bug, rng, told)
        except Exception as error:  # noqa: BLE001 - a crash of the table is found too
            return say(told.failure(error))
    return say(None)
