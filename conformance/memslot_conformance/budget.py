"""How much may be played: a number of plays, and a time."""

from __future__ import annotations

from time import monotonic


class Budget:
    """Plays and seconds that may be spent, from now on; None is no limit.

    One budget may be shared by several searches.
    """

    def __init__(
        self, *, plays: int | None = None, seconds: float | None = None
    ) -> None:
        self._plays = plays
        self._deadline = None if seconds is None else monotonic() + seconds
        self.spent = 0

    @property
    def left(self) -> bool:
        """Another play may begin."""
        if self._plays is not None and self.spent >= self._plays:
            return False
        return self._deadline is None or monotonic() < self._deadline

    def spend(self) -> bool:
        """Take one play out of it; False where none is left."""
        left = self.left
        self.spent += left
        return left
