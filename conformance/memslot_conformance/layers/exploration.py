"""One race being explored: how far it came, and that in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from memslot_conformance.findings.parts import Came, Explored
from memslot_conformance.findings.trial import Counts
from memslot_conformance.play.bounded import Bounded
from memslot_conformance.play.played import Played
from memslot_conformance.scenarios.notation import FixedRace
from memslot_spec.history.words.names import count


@dataclass(slots=True)
class Exploration:
    """One race being explored, and how much of it is done.

    `looks` is whether it ends with a look that the race itself does not have.
    `complete` counts the plays of the levels that came to their end, the last of
    them at so many `preemptions`; -1 while there is none. `part` counts those of
    the level under way. `rest` are the plays of what was left out, once it is their
    turn.
    """

    race: FixedRace
    looks: bool
    plays: Iterator[Played]
    bound: int
    broke: int = 0
    begun: bool = False
    ended: bool = False
    part: Counts = field(default_factory=Counts)
    complete: Counts = field(default_factory=Counts)
    preemptions: int = -1
    rest: Iterator[Played] | None = None

    def done(self, level: int) -> bool:
        """Every schedule of at most so many preemptions was played, or left out."""
        if self.ended or self.bound < level:
            return True
        plays = self.plays
        if isinstance(plays, Bounded) and plays.covered is not None:
            return plays.covered >= level
        return False

    def over(self, level: int) -> bool:
        """There is nothing to play of so many preemptions, or of what was left out."""
        if self.rest is None:
            return self.done(level)
        return self.ended or not self.left_out

    @property
    def left_out(self) -> int:
        """Schedules that are the same partial order as others, not yet played."""
        return self.plays.left if isinstance(self.plays, Bounded) else 0

    def begin_again(self, *, ended: bool) -> None:
        """From now on, play what was left out, unless it has `ended` all the same."""
        if isinstance(self.plays, Bounded):
            self.ended = ended
            self.rest = self.plays.left_out()

    def next_play(self) -> Played | None:
        """The next schedule; None where there is none, or the budget is spent."""
        return next(self.plays if self.rest is None else self.rest, None)

    def count(self, counts: Counts) -> None:
        """Keep what the plays of one level add up to, once it comes to its end."""
        self.part.add(counts)
        plays = self.plays
        if isinstance(plays, Bounded) and plays.covered is not None:
            if plays.covered > self.preemptions:
                self.complete.add(self.part)
                self.part = Counts()
            self.preemptions = plays.covered

    @property
    def size(self) -> tuple[int, int, int]:
        """Threads, operations that race, and preemptions, all played."""
        scenario = self.race.scenario
        threads = scenario.threads or ((*scenario.prefix, *scenario.after),)
        return len(threads), sum(map(len, threads)), self.preemptions


def came(searches: Iterable[Exploration]) -> Came:
    """How many races came how far; with a look, those that came anywhere."""
    complete: dict[int, int] = {}
    partial = 0
    for search in searches:
        plays = search.plays
        if isinstance(plays, Bounded) and plays.covered is not None:
            complete[plays.covered] = complete.get(plays.covered, 0) + 1
        elif search.begun or not search.looks:
            partial += 1
    levels = sorted(complete.items(), reverse=True)
    return Came({str(level): races for level, races in levels}, partial)


def explored_words(explored: Explored) -> str:
    """What was explored, in words."""
    words: list[str] = []
    if explored.alone:
        words.append(f"{count(explored.alone, 'scenario')} of one thread")
    words += _came_words(explored.raced)
    looked = _came_words(explored.looked)
    if looked:
        words.append(f"with a look at the end {' and '.join(looked)}")
    if explored.left_out:
        share = explored.left_out / (explored.left_out + explored.schedules)
        words.append(f"{share:.0%} left out as the same partial orders")
    return ", ".join(words) or "no race fits this target"


def owing_words(explored: Explored) -> str | None:
    """Why it ended before every race came to the least; None where each did."""
    if not explored.owing:
        return None
    what = "time" if explored.late else "plays"
    races = count(explored.owing, "race")
    return f"its {what} ran out before {races} came to 1 preemption"


def _came_words(far: Came) -> list[str]:
    words = [
        f"{count(races, 'race')} at every schedule of at most "
        f"{count(int(level), 'preemption')}"
        for level, races in far.complete.items()
    ]
    return [*words, f"{count(far.partial, 'race')} in part"] if far.partial else words
