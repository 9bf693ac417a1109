"""How a clause is known: somebody read it, measured it, or derived it.

The three are not worth the same. What was read stands in a kernel's source, and can be
read again; what was measured, one kernel on one machine did; what was derived follows
from something else by an argument, and the argument may be wrong. A clause may be known
in several ways, and there is none that is known in no way.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple


class Way(Enum):
    """A way to know, in the order in which one is to be preferred."""

    READ = "read"
    MEASURED = "measured"
    DERIVED = "derived"


class Measured(NamedTuple):
    """Where a clause was seen kept: the kernel that ran, and the command that asked."""

    kernel: str
    command: str

    def __str__(self) -> str:
        """In one line."""
        return f"Linux {self.kernel}, `{self.command}`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """How one clause is known.

    `read` names the lines that say it: version, file, line and function, the places
    divided by semicolons; `last_read` is the day or month (ISO 8601) when somebody
    last opened them and found it there. A commit or a document may stand beside them
    and says where more is told; it is no line that was read. `derived` is the argument,
    for all of the sentence or for the part of it that the lines do not say.
    """

    read: str = ""
    last_read: str = ""
    measured: Measured | None = None
    derived: str = ""

    def __post_init__(self) -> None:
        """Refuse what says nothing: `ValueError`, when the clause is imported."""
        if not self.ways:
            message = "a clause is known in one way at least: read, measured or derived"
            raise ValueError(message)
        if bool(self.read) != bool(self.last_read):
            message = "lines were read at some time, and it is to be said when"
            raise ValueError(message)

    @property
    def ways(self) -> tuple[Way, ...]:
        """The ways in which it is known."""
        said = (self.read, self.measured, self.derived)
        return tuple(way for way, words in zip(Way, said, strict=True) if words)

    @property
    def source(self) -> str:
        """Where to look it up, or what it follows from, in one line."""
        return self.read or (f"derived: {self.derived}" if self.derived else self.seen)

    @property
    def seen(self) -> str:
        """What was measured, in one line; nothing where nothing was."""
        return str(self.measured or "")

    @property
    def words(self) -> tuple[tuple[Way, str], ...]:
        """Each way with what there is to say of it."""
        said = (f"{self.read} (last read {self.last_read})", self.seen, self.derived)
        return tuple(
            (way, words)
            for way, words in zip(Way, said, strict=True)
            if way in self.ways
        )
