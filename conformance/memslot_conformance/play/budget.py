"""How much may be done: a number of plays, and a time by a clock.

All that asks for the time asks here. So a caller may hand in a clock of its own,
and what then ends a search is not the speed of the machine.
"""

from __future__ import annotations

from math import inf

from memslot_conformance.clock import CLOCK, Clock


class Budget:
    """Plays and seconds that may be spent, from now on; None is no limit.

    One budget may be shared by several searches.
    """

    def __init__(
        self,
        *,
        plays: int | None = None,
        seconds: float | None = None,
        clock: Clock = CLOCK,
    ) -> None:
        self._plays = plays
        self._clock = clock
        self._deadline = inf if seconds is None else clock() + seconds
        self.spent = 0

    @property
    def seconds_left(self) -> float:
        """Until its time is over; not above 0 once it is."""
        return inf if self._deadline == inf else self._deadline - self._clock()

    @property
    def late(self) -> bool:
        """Its time is over: also what was begun is to end."""
        return self.seconds_left <= 0

    @property
    def left(self) -> bool:
        """Another play may begin."""
        if self._plays is not None and self.spent >= self._plays:
            return False
        return not self.late

    def part(self, seconds: float, *, plays: int | None = None) -> Budget:
        """A budget by the same clock, of so many seconds and plays."""
        return Budget(plays=plays, seconds=seconds, clock=self._clock)

    def spend(self) -> bool:
        """Take one play out of it; False where none is left."""
        left = self.left
        self.spent += left
        return left
