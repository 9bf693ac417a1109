"""What is proved: the functions whose contracts CrossHair confirms, and for whom.

A clause rests on a function where its premise, its predicate, or what the judge
works out for them asks it. The proofs themselves are a test, which reads this
list (`spec/tests/test_spec_contracts.py`): every `post:` line of every function
here, for all arguments that its `pre:` lines admit.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass

from memslot_spec import dirty_bits, ranges, sizing, slot_word

CONDITION_SECONDS = 60
"""Processor seconds for one condition: several times what the slowest needs."""

CONFIRMED = "Confirmed over all paths."
"""What CrossHair says of a condition that it has proved."""

BOUND = re.compile(r"pre:\s*(?P<text>.*)")
PROMISE = re.compile(r"post(\[.*\])?:\s*(?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Contract:
    """A pure function with a contract, and the ids of the clauses that rest on it."""

    function: Callable[..., object]
    clauses: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module of the function, by its full name."""
        return self.function.__module__

    @property
    def name(self) -> str:
        """The function as people speak of it, such as `ranges.overlaps`."""
        return f"{self.module.rpartition('.')[2]}.{self.function.__name__}"

    @property
    def bounds(self) -> tuple[str, ...]:
        """The arguments for which it is proved: the `pre:` lines."""
        return _lines(self.function, BOUND)

    @property
    def promises(self) -> tuple[str, ...]:
        """What is proved of the answer: the `post:` lines."""
        return _lines(self.function, PROMISE)


def _lines(function: Callable[..., object], of: re.Pattern[str]) -> tuple[str, ...]:
    lines = (inspect.getdoc(function) or "").splitlines()
    found = (of.match(line) for line in lines)
    return tuple(match["text"] for match in found if match)


OF_A_SLOT_WORD = (
    "REQ-5",
    "REQ-8",
    "REQ-13",
    "REQ-17",
    "REQ-18",
    "REQ-19",
    "REQ-20",
    "REQ-21",
    "REQ-22",
    "REQ-23",
    "REQ-24",
    "SLOT-1",
    "SLOT-2",
    "SLOT-3",
    "SLOT-9",
)

CONTRACTS: tuple[Contract, ...] = (
    Contract(ranges.is_page_aligned, ("REQ-1", "REQ-2", "REQ-28")),
    Contract(ranges.wraps, ("REQ-4", "REQ-28")),
    Contract(
        ranges.covers,
        (
            *("LOOK-1", "LOOK-2", "LOOK-3", "LOOK-4", "LOOK-5", "LOOK-6", "LOOK-7"),
            *("SRCU-1", "SRCU-18"),
            *("DEL-8", "DEL-10", "DEL-11", "DEL-12", "DEL-13"),
            *("MMU-1", "MMU-2", "MMU-5"),
        ),
    ),
    Contract(
        ranges.overlaps,
        (
            *("REQ-19", "REQ-20", "REQ-21", "REQ-22", "REQ-25", "REQ-26", "REQ-28"),
            *("SLOT-6", "DEL-4", "DEL-5", "DEL-6", "DEL-9", "MOVE-3"),
        ),
    ),
    Contract(ranges.page_hva, ("LOOK-4", "SRCU-1", "SRCU-18", "MMU-1")),
    Contract(ranges.slot_at),
    Contract(ranges.rmap_index, ("RMAP-1", "RMAP-3")),
    Contract(ranges.covers_hva),
    Contract(ranges.gfn_of_hva),
    Contract(ranges.hva_walk),
    Contract(sizing.page_budget_permille, ("SIZE-1", "SIZE-2")),
    Contract(sizing.page_budget_fiftieth, ("SIZE-1", "SIZE-2")),
    Contract(sizing.tss_base, ("TSS-1",)),
    Contract(slot_word.pack),
    Contract(slot_word.as_id_of, ("REQ-6", *OF_A_SLOT_WORD)),
    Contract(slot_word.id_of, OF_A_SLOT_WORD),
    Contract(dirty_bits.words_for),
    Contract(dirty_bits.may_clear),
)
"""Every function with a contract; those without clauses serve implementations."""


def rests_on(clause_id: str) -> tuple[Contract, ...]:
    """The proved functions that a clause rests on."""
    return tuple(c for c in CONTRACTS if clause_id in c.clauses)
