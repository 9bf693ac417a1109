"""A plain Hypothesis machine: a rule for each operation, and the obvious model.

    python hypothesis_machine.py BUG|sound SEED SECONDS

Rules are carried out one after the other, as Hypothesis does it; what fails is shrunk.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from random import Random

import hypothesis.strategies as st
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    precondition,
    rule,
    run_state_machine_as_test,
)

from slot_model import FRAMES, KINDS, SLOTS, Checked, Region, new
from slot_table import LOG, OneThread
from told import Told, search

NUMBERS = st.integers(0, SLOTS - 1)
GFNS = st.integers(0, FRAMES - 1)
BASES = st.integers(0, FRAMES - 5)
FLAGS = st.sampled_from([0, LOG])

SETTINGS = settings(
    max_examples=200,
    stateful_step_count=40,
    deadline=None,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
    print_blob=False,
)


class SlotMachine(RuleBasedStateMachine):
    """The operations of a slot table, each checked by the model."""

    def __init__(self, bug: str | None, told: Told) -> None:
        super().__init__()
        machine = OneThread()
        self.checked: Checked = new(machine, bug)
        told.watch(self.checked, lambda: machine.steps)

    @rule(number=NUMBERS, base=BASES, npages=st.integers(1, 4), flags=FLAGS)
    def create(self, number: int, base: int, npages: int, flags: int) -> None:
        """A slot where there is none, or a change that is refused."""
        self.checked.update(number, Region(base, npages, 8 * number, flags))

    @precondition(lambda self: self.checked.states[-1])
    @rule(number=NUMBERS, base=BASES)
    def move(self, number: int, base: int) -> None:
        """The same slot elsewhere."""
        old = self.checked.states[-1].get(number)
        if old is not None:
            self.checked.update(number, replace(old, base=base))

    @precondition(lambda self: self.checked.states[-1])
    @rule(number=NUMBERS)
    def flip_log(self, number: int) -> None:
        """Logging on or off."""
        old = self.checked.states[-1].get(number)
        if old is not None:
            self.checked.update(number, replace(old, flags=old.flags ^ LOG))

    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        """A slot that may be there."""
        self.checked.update(number, Region(0, 0, 0, 0))

    @rule(number=NUMBERS)
    def get_log(self, number: int) -> None:
        """The dirty log."""
        self.checked.get_log(number)

    @rule(kind=st.sampled_from(KINDS), gfn=GFNS, vcpu=st.integers(0, 1))
    def look(self, kind: str, gfn: int, vcpu: int) -> None:
        """A lookup or an access."""
        self.checked.look(kind, gfn, vcpu)


def machines(bug: str | None, rng: Random, told: Told) -> None:
    """One run of Hypothesis. Errors: what the smallest failure raises."""

    class Planted(SlotMachine):
        """The machine of this table."""

        def __init__(self) -> None:
            super().__init__(bug, told)

    seeded = seed(rng.getrandbits(32))(Planted)
    run_state_machine_as_test(seeded, settings=SETTINGS)


if __name__ == "__main__":
    sys.exit(search(machines, sys.argv))
