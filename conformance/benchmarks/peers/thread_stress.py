"""Thread stress: an updater and two readers on real threads, switched all the time.

    python thread_stress.py BUG|sound SEED SECONDS

The interpreter switches threads every microsecond or so, in the middle of a statement
if it likes; so no run is like another, whatever the seed. After the threads have
joined, the table is looked at once more. The model is that of the walk.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from random import Random
from threading import Thread
from time import sleep

from slot_model import Checked, drawn_look, drawn_update, new
from told import Told, search

UPDATES, READERS, LOOKS = 40, 2, 12


class Threads:
    """The machine of real threads: steps are counted, waiting is trying again."""

    def __init__(self) -> None:
        self.told: list[None] = []

    def step(self, what: str, *facts: object) -> None:  # noqa: ARG002
        """Count it: an append is atomic."""
        self.told.append(None)

    def wait(self, until: Callable[[], bool]) -> None:
        """Let the others run until it is true."""
        while not until():
            sleep(0)


class Burst:
    """A few threads on one table, until the updater has done its part."""

    def __init__(self, checked: Checked, rng: Random) -> None:
        self.checked = checked
        self.seeds = [rng.getrandbits(32) for _ in range(1 + READERS)]
        self.errors: list[Exception] = []
        self.over = False

    def run(self) -> None:
        """Start them and join them. Errors: the first that one of them met."""
        works = [self.update, *(self.look_as(n) for n in range(READERS))]
        threads = [Thread(target=self.guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        if self.errors:
            raise self.errors[0]

    def guarded(self, work: Callable[[], None]) -> None:
        """Keep what it raises, and end the others."""
        try:
            work()
        except Exception as error:  # noqa: BLE001 - raised again where they are joined
            self.errors.append(error)
        self.over = self.over or bool(self.errors)

    def update(self) -> None:
        """The thread that updates."""
        rng = Random(self.seeds[0])
        for _ in range(UPDATES):
            if self.over:
                break
            drawn_update(self.checked, rng)
        self.over = True

    def look_as(self, vcpu: int) -> Callable[[], None]:
        """A thread that looks."""

        def work() -> None:
            rng = Random(self.seeds[1 + vcpu])
            while not self.over:
                drawn_look(self.checked, rng, vcpu)

        return work


def stress(bug: str | None, rng: Random, told: Told) -> None:
    """One burst. Errors: whatever the table did wrong."""
    machine = Threads()
    checked = new(machine, bug)
    told.watch(checked, lambda: len(machine.told))
    Burst(checked, rng).run()
    for _ in range(LOOKS):
        drawn_look(checked, rng, 0)


if __name__ == "__main__":
    sys.setswitchinterval(1e-6)
    sys.exit(search(stress, sys.argv))
