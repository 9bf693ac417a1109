"""What is proved: the functions whose contracts CrossHair confirms, and for whom.

A clause rests on a function where its premise, its predicate, or what the judge
works out for them asks it. What predicates ask is found in their own code; what
the judge asks for them (a plan, an answer explained) is listed. The proofs
themselves are a test, which reads this list (`spec/tests/test_spec_contracts.py`):
every `post:` line of every function here, for all arguments that its `pre:` lines
admit.
"""

from __future__ import annotations

import inspect
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from types import FunctionType
from typing import TypeGuard

from memslot_spec.arithmetic import bitmaps as dirty_bits
from memslot_spec.arithmetic import byte_ranges, ranges, sizing, slot_word
from memslot_spec.arithmetic.range_order import RangeOrder
from memslot_spec.clauses import CLAUSES
from memslot_spec.model.values import Slot, SlotTable
from memslot_spec.moments import made_by
from memslot_spec.source import AnyFunction, code_of, doc_of, module_of

CONDITION_SECONDS = 60
"""Processor seconds for one condition: several times what the slowest needs."""

CONFIRMED = "Confirmed over all paths."
"""What CrossHair says of a condition that it has proved."""

BOUND = re.compile(r"pre:\s*(?P<text>.*)")
PROMISE = re.compile(r"post(\[.*\])?:\s*(?P<text>.*)")


@dataclass(frozen=True, slots=True)
class Contract:
    """A pure function with a contract, and clauses that rest on it.

    `clauses` names those that the judge asks it for. Those whose own predicates
    come to it need no mention.
    """

    function: Callable[..., object]
    clauses: tuple[str, ...] = ()

    @property
    def module(self) -> str:
        """The module of the function, by its full name."""
        return module_of(self.function)

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
    lines = doc_of(function).splitlines()
    found = (of.match(line) for line in lines)
    return tuple(match["text"] for match in found if match)


CONTRACTS: tuple[Contract, ...] = (
    Contract(ranges.is_page_aligned, ("REQ-1", "REQ-2", "REQ-28")),
    Contract(ranges.wraps, ("REQ-4", "REQ-28")),
    Contract(ranges.covers, ("SRCU-1", "SRCU-18", "MMU-2", "DIRTY-23")),
    Contract(
        ranges.overlaps,
        ("REQ-25", "REQ-26", "REQ-28", "DEL-4", "DEL-9", "MOVE-3"),
    ),
    Contract(ranges.page_hva, ("SRCU-1", "SRCU-18", "MMU-1")),
    Contract(ranges.slot_at),
    Contract(ranges.rmap_index),
    Contract(ranges.covers_hva),
    Contract(ranges.gfn_of_hva),
    Contract(ranges.hva_walk),
    Contract(ranges.touches, ("HVA-3", "MMU-9")),
    Contract(sizing.page_budget_permille),
    Contract(sizing.page_budget_fiftieth),
    Contract(sizing.tss_base),
    Contract(slot_word.pack),
    Contract(slot_word.as_id_of, ("REQ-6",)),
    Contract(slot_word.id_of, ("REQ-5",)),
    Contract(
        byte_ranges.range_wraps,
        (
            *("CACHE-6", "CACHE-7", "CACHE-8", "CACHE-9", "CACHE-10"),
            *("CACHE-13", "CACHE-14", "CACHE-15"),
        ),
    ),
    Contract(byte_ranges.frames_wrap, ("CACHE-9", "CACHE-10", "CACHE-12")),
    Contract(byte_ranges.frames_of),
    Contract(byte_ranges.offset_in, ("CACHE-6", "CACHE-8")),
    Contract(dirty_bits.words_for),
    Contract(dirty_bits.may_clear),
)
"""Every function with a contract; some of them serve implementations alone."""


SEARCHES = frozenset({"at", "meeting"})
"""Methods of tables by which slots are found; nothing else has these names."""


def rests_on(clause_id: str) -> tuple[Contract, ...]:
    """The proved functions that a clause rests on."""
    asked = _asked_by_clauses().get(clause_id, frozenset())
    return tuple(c for c in CONTRACTS if clause_id in c.clauses or c.function in asked)


@cache
def _asked_by_clauses() -> dict[str, frozenset[object]]:
    """For each clause the proved functions that its predicates come to."""
    return {
        clause.id: asked_by(clause.premise).union(
            asked_by(clause.holds),
            *(asked_by(making.make) for making in made_by(clause.kind)),
        )
        for clause in CLAUSES
    }


def asked_by(predicate: Callable[..., object]) -> frozenset[object]:
    """The functions with contracts that a predicate names, or what it names does.

    Names are followed within this package, and methods where they are a slot's, or
    the searches of a table. Of a partial it is the function and what that is given.
    """
    proved = {contract.function for contract in CONTRACTS}
    seen: set[object] = set()
    waiting: list[object] = [predicate]
    while waiting:
        function = waiting.pop()
        if isinstance(function, partial):
            waiting += [function.func, *function.args]
            continue
        if not _is_ours(function) or function in seen:
            continue
        seen.add(function)
        if function not in proved:
            waiting += _named_in(function)
    return frozenset(seen & proved)


def _is_ours(function: object) -> TypeGuard[AnyFunction]:
    package = __name__.partition(".")[0]
    return isinstance(function, AnyFunction) and module_of(function).startswith(package)


def _named_in(function: AnyFunction) -> list[object]:
    """What the names in a function stand for, nested functions included."""
    cells = function.__closure__ if isinstance(function, FunctionType) else None
    named: list[object] = [cell.cell_contents for cell in cells or ()]
    known = vars(sys.modules[module_of(function)])
    codes = [code_of(function)]
    while codes:
        code = codes.pop()
        codes += [inner for inner in code.co_consts if inspect.iscode(inner)]
        for name in code.co_names:
            named += [known.get(name), vars(Slot).get(name)]
            if name in SEARCHES:
                named += [vars(SlotTable).get(name), vars(RangeOrder).get(name)]
    return named
