"""What a command says by its status."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The statuses; where several apply, `memslots --help` says which comes first."""

    CONFORMS = 0
    DOES_NOT_CONFORM = 1
    USAGE = 2
    BROKE = 3
    INCONCLUSIVE = 4
    NOTHING_RAN = 5
