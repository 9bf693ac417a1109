"""Sleepable RCU: who may still be reading, and how an updater waits for them.

Two counters and an index. A reader raises the counter that the index names; an
updater flips the index and waits until the counter left behind is zero. After
`kernel/srcu.c` of v2.6.34, with one counter for all processors.
"""

from __future__ import annotations

from memslot_spec.history.hook import Hook
from memslot_spec.history.points.srcu import (
    DomainDestroyed,
    GracePeriodBegun,
    GracePeriodEnded,
    IndexFlipped,
    SectionEntered,
    SectionEntering,
    SectionLeft,
)


class Srcu:
    """One SRCU domain. Updaters exclude each other by a lock of their own."""

    def __init__(self, hook: Hook) -> None:
        """Make a domain with no readers."""
        self.hook = hook
        self.counters = [0, 0]
        self.completed = 0

    def read_lock(self) -> int:
        """Begin a read section; the answer is what `read_unlock` needs."""
        index = self.completed & 1
        self.hook.point(SectionEntering, index)
        self.counters[index] += 1
        self.hook.point(SectionEntered, index)
        return index

    def read_unlock(self, index: int) -> None:
        """End the read section that `read_lock` began with this index."""
        self.counters[index] -= 1
        self.hook.point(SectionLeft, index)

    def synchronize(self) -> None:
        """Wait until every section that is open now has ended."""
        self.hook.point(GracePeriodBegun)
        self.wait_for_other()
        self.flip()
        self.wait_for_old()
        self.hook.point(GracePeriodEnded)

    def wait_for_other(self) -> None:
        """Wait for the counter that new readers do not raise.

        It is not always zero. A reader may take the index and be slow to raise
        the counter:

            reader                          updater
            takes index 0
                                            flips to 1, finds counter 0 at zero
            raises counter 0, loads a table
                                            publishes the next table
                                            flips to 0, waits for counter 1 only

        and would then be missed by the second grace period.
        """
        self.wait_for_readers((self.completed + 1) & 1)

    def flip(self) -> None:
        """Send new readers to the other counter."""
        self.completed += 1
        self.hook.point(IndexFlipped, self.completed & 1)

    def wait_for_old(self) -> None:
        """Wait for the readers of before the flip."""
        self.wait_for_readers((self.completed + 1) & 1)

    def wait_for_readers(self, index: int) -> None:
        """Wait until no reader holds this counter up."""
        self.hook.wait(lambda: self.counters[index] == 0, "synchronize_srcu")

    def destroy(self) -> None:
        """End the domain (`cleanup_srcu_struct`); no section may come after."""
        self.hook.point(DomainDestroyed)
