"""A random walk: random operations on greenlets, switched at random at every step.

    python random_walk.py BUG|sound SEED SECONDS

Thirty lines of scheduler and the obvious model. The walk starts again with a new table
after a few dozen operations. Nothing makes small what it fails on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random

from greenlet import (  # type: ignore[import-untyped, unused-ignore]
    getcurrent,
    greenlet,
)

from slot_model import Checked, drawn_look, drawn_update, new
from told import Told, search

UPDATES, READERS, LOOKS = 12, 2, 12


class Switched:
    """A machine whose threads are greenlets; any of them may run after each step."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.threads: list[greenlet] = []
        self.waiting: dict[greenlet, Callable[[], bool]] = {}
        self.steps = 0

    def step(self, what: str, *facts: object) -> None:  # noqa: ARG002
        """Go on, or let another thread go on."""
        self.steps += 1
        if self.threads and self.rng.random() < 1 / 2:
            self.switch()

    def wait(self, until: Callable[[], bool]) -> None:
        """Not chosen until it is true."""
        while not until():
            self.waiting[getcurrent()] = until
            self.switch()

    def switch(self) -> None:
        """Choose among those that can go on; the last one ends in the main greenlet."""
        ready = [
            one
            for one in self.threads
            if not one.dead and self.waiting.get(one, bool_true)()
        ]
        chosen = self.rng.choice(ready)
        self.waiting.pop(chosen, None)
        if chosen is not getcurrent():
            chosen.switch()

    def run(self, works: list[Callable[[], None]]) -> None:
        """Run these to their ends. Errors: what one of them raises."""
        self.threads = [greenlet(work) for work in works]
        while not all(one.dead for one in self.threads):
            self.switch()
        self.threads = []


def bool_true() -> bool:
    """Whoever does not wait can go on."""
    return True


def walk(bug: str | None, rng: Random, told: Told) -> None:
    """One walk. Errors: whatever the table did wrong."""
    machine = Switched(rng)
    checked = new(machine, bug)
    told.watch(checked, lambda: machine.steps)
    for _ in range(rng.randrange(UPDATES)):
        drawn_update(checked, rng)
    machine.run([updating(checked, rng), *(looking(checked, rng, n) for n in (0, 1))])
    for _ in range(LOOKS):
        drawn_look(checked, rng, 0)


def updating(checked: Checked, rng: Random) -> Callable[[], None]:
    """The thread that updates."""

    def work() -> None:
        for _ in range(UPDATES):
            drawn_update(checked, rng)

    return work


def looking(checked: Checked, rng: Random, vcpu: int) -> Callable[[], None]:
    """A thread that looks."""

    def work() -> None:
        for _ in range(LOOKS):
            drawn_look(checked, rng, vcpu)

    return work


if __name__ == "__main__":
    sys.exit(search(walk, sys.argv))
