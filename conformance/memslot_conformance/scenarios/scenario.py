"""What is run: operations on threads, and the order in which threads go.

A scenario says what each thread asks; a schedule says who runs when. The two
together with a target give one history, always the same.
"""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.model.operations import Operation

Operations = tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A prefix, a race, and what is asked after it.

    Thread 0 carries out `prefix` and `after`, alone; the threads of the race
    are numbered from 1.
    """

    prefix: Operations = ()
    threads: tuple[Operations, ...] = ()
    after: Operations = ()

    @property
    def operations(self) -> int:
        """How many operations it has in all."""
        return len(self.prefix) + len(self.after) + sum(map(len, self.threads))


@dataclass(frozen=True, slots=True)
class Run:
    """The thread runs until it has passed `points` switching points.

    Its end, and a wait that makes it stop, count as one each.
    """

    thread: int
    points: int


Schedule = tuple[Run, ...]
"""Runs in their order. After the last one the running thread goes on for as
long as it can, and then the runnable thread of the lowest number."""


def joined(schedule: Schedule) -> Schedule:
    """The same schedule: no empty run, and neighbours of one thread made one."""
    runs: list[Run] = []
    for run in schedule:
        if run.points < 1:
            continue
        if runs and runs[-1].thread == run.thread:
            runs[-1] = Run(run.thread, runs[-1].points + run.points)
        else:
            runs.append(run)
    return tuple(runs)


def without_thread(schedule: Schedule, thread: int) -> Schedule:
    """The schedule of the race from which this thread was taken out.

    The threads after it move down by one.
    """
    return joined(
        tuple(
            Run(run.thread - (run.thread > thread), run.points)
            for run in schedule
            if run.thread != thread
        )
    )
