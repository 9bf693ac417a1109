"""Facts about `slots_arch_lock`: its holder, and who last wrote which table."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class ArchLock:
    """The lock on what the architecture keeps with a slot.

    `locked_at` is the step at which it was last taken, `written` the thread and the
    step of the last store into a table, by the table's handle.
    """

    holder: int | None = None
    locked_at: int = -1
    written: dict[int, tuple[int, int]] = field(
        default_factory=dict[int, tuple[int, int]]
    )

    def lock(self, thread: int, step: int) -> None:
        """The thread has it from this step on."""
        self.holder, self.locked_at = thread, step

    def unlock(self, thread: int) -> None:
        """The thread has it no more."""
        if self.holder == thread:
            self.holder = None

    def covers(self, thread: int, table: int, since: int) -> bool:
        """The thread holds it, and does so since its last write of the table.

        What it wrote before the step `since`, or what others wrote, does not count.
        """
        if self.holder != thread:
            return False
        writer, step = self.written.get(table, (thread, -1))
        return writer != thread or step <= since or step > self.locked_at
