"""How good a killer the suite is, and what survives it with a reason.

A survivor that no judge of slots could tell from its reference is *equivalent*, with
the argument in `killer_equivalent.toml`. Any other is a bug that nobody notices.
"""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from killer_judge import BROKE, KILLED, LATE, SURVIVED
from killer_runs import Result

EQUIVALENTS = Path(__file__).with_name("killer_equivalent.toml")
EQUIVALENT = "equivalent"

BAR = 0.95
"""The part of the mutants that are not equivalent that has to be killed."""

OUTCOMES = (KILLED, SURVIVED, LATE, BROKE, EQUIVALENT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equivalent:
    """A mutant that is as good as what it is made of, and the argument."""

    file: str
    operator: str
    occurrence: int
    line: str
    why: str

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What names the mutant: `Result.key`."""
        return self.file, self.operator, self.occurrence, self.line


class TableError(Exception):
    """The table of equivalent mutants cannot be read; it says where."""


def equivalents(file: Path = EQUIVALENTS) -> list[Equivalent]:
    """The table. Errors: `TableError`."""
    try:
        rows = tomllib.loads(file.read_text("utf-8"))["equivalent"]
        return [Equivalent(**row) for row in rows]
    except (KeyError, TypeError, tomllib.TOMLDecodeError) as error:
        message = f"{file}: {error}"
        raise TableError(message) from error


def becomes(result: Result, named: Sequence[Equivalent]) -> str:
    """What came of a mutant; of a survivor in the table that it is equivalent."""
    is_named = result.key in {one.key for one in named}
    return EQUIVALENT if result.outcome == SURVIVED and is_named else result.outcome


def figures(found: Sequence[Result], named: Sequence[Equivalent]) -> bool:
    """Print what was not killed, and the sums; whether they are good enough."""
    counts: Counter[str] = Counter()
    kills: Counter[str] = Counter()
    for result in found:
        outcome = becomes(result, named)
        counts[outcome] += 1
        if outcome == KILLED:
            kills[result.by.partition(":")[0]] += 1
        elif outcome != EQUIVALENT:
            print(f"{result.file}:{result.row}: {outcome} ({result.by})")
            print(f"  {result.operator} {result.occurrence}")
            for sign, text in ("-", result.before), ("+", result.after):
                for line in text.splitlines():
                    print(f"  {sign} {line}")
    wrong = len(found) - counts[EQUIVALENT]
    print(", ".join(f"{counts[each]} {each}" for each in OUTCOMES))
    print("killed by: " + ", ".join(f"{n} {by}" for by, n in kills.most_common()))
    part = counts[KILLED] / max(wrong, 1)
    print(f"{counts[KILLED]} of {wrong} that are not equivalent: {100 * part:.1f} %")
    return part >= BAR
