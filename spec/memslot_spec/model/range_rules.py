"""What a table by ranges promises: protocols differ, and each is held to its own."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Removal(Enum):
    """Which frames a removal may name.

    `EXACT`: those of one range as it was added, as in vhost-user. `COVERING`: those of
    any number of whole ranges, with holes between them, as in VFIO type1 v2 and
    iommufd. `CUTTING`: any that are all in ranges, which are cut, as in unicorn.
    """

    EXACT = "exact"
    COVERING = "covering"
    CUTTING = "cutting"

    def __repr__(self) -> str:
        return f"Removal.{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeRules:
    """What a target with a table by ranges says of itself.

    `refuses_overlap` claims that a range which meets another is refused; without it
    none is asked for. `fresh_logs` claims that a range begins with nothing dirty,
    whatever was written where it lies, and `reading_clears` that a dirty log tells of
    each write once. `removes_at_once` claims that a removal of several ranges is one
    step to a reader; without it they may go one by one, in any order.
    """

    removal: Removal
    refuses_overlap: bool = True
    fresh_logs: bool = False
    reading_clears: bool = True
    removes_at_once: bool = False


BY_IDS = RangeRules(removal=Removal.EXACT)
"""What stands for the rules where a target declares none, for it has slot ids."""
