"""The parts of one target's work, heard together: one stream, as if of one worker.

What a part says of itself is kept until the end, and then told once for all. What
cannot wait is told as it comes: that the target is up, what was found, and that a part
broke.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from memslot_conformance.findings.parts import (
    FoundPart,
    LayerPart,
    PartSaid,
    SearchPart,
    bounds_together,
    choices_together,
    found_whole,
)
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.reached import BROKEN, Reached
from memslot_conformance.findings.records import (
    BoundEnded,
    Found,
    MeetingsCounted,
    Record,
    SearchEnded,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
)
from memslot_conformance.layers.layers import withheld
from memslot_conformance.layers.shares import LAYERS
from memslot_conformance.layers.together import layer_together
from memslot_conformance.layers.turns import (
    ENOUGH,
    NOTHING_LEFT,
    NOTHING_NEW,
    TIME_OVER,
)
from memslot_conformance.run.kept import Faults, kept_finding
from memslot_conformance.targets.isolation import Broken
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.header import History
from memslot_spec.judging.judge import judge

ALL_PLAYED = "all its scenarios were played"


@dataclass(slots=True)
class _Told:
    """What one part said: up to the last `SearchPart`, and since then."""

    layers: dict[str, LayerPart] = field(default_factory=dict[str, LayerPart])
    bounds: list[BoundEnded] = field(default_factory=list[BoundEnded])
    search: SearchPart | None = None
    fresh: list[LayerPart | BoundEnded] = field(
        default_factory=list[LayerPart | BoundEnded]
    )
    found: bool = False
    broke: bool = False
    died: bool = False
    ended: bool = False

    def close(self, search: SearchPart) -> None:
        """What it said lately is how far it is."""
        self.layers = {r.layer: r for r in self.fresh if isinstance(r, LayerPart)}
        self.bounds = [r for r in self.fresh if isinstance(r, BoundEnded)]
        self.search, self.fresh = search, []


class Merged:
    """One target, heard from all of its parts.

    It is `settled` where what the parts still do can tell no more that was asked for.
    """

    def __init__(self, plan: TargetPlan, on_record: Callable[[Record], None]) -> None:
        self.settled = False
        self._plan = plan
        self._on_record = on_record
        self._told = [_Told() for _ in range(plan.parts)]
        self._reached = Reached()
        self._owner: dict[str, int] = {}
        self._causes: dict[str, History] = {}
        self._started = self._skipped = False
        self._nothing_new = False
        self._could: MeetingsCounted | None = None
        self._faults = Faults(plan)

    @property
    def known(self) -> tuple[str, ...]:
        """The clauses that were found broken."""
        return tuple(self._owner)

    def hear(self, part: int, said: PartSaid, offset: float = 0.0) -> None:
        """Take in what a part says that was begun so many seconds after the target."""
        told = self._told[part]
        match said:
            case FoundPart():
                told.found = True
                self._found(part, replace(said, seconds=said.seconds + offset))
            case LayerPart() | BoundEnded() if not self._plan.is_whole:
                told.fresh.append(said)
            case MeetingsCounted() if not self._plan.is_whole:
                self._could = said
            case SearchPart():
                self._search(told, said)
            case TargetFinished():
                pass
            case TargetFailed():
                told.broke = True
                self._failure(part, said)
            case TargetStarted() if self._started:
                pass
            case TargetSkipped() if self._skipped:
                pass
            case _:
                told.found |= isinstance(said, Found)
                self._started |= isinstance(said, TargetStarted)
                self._skipped |= isinstance(said, TargetSkipped)
                self._on_record(said)

    def part_ended(self, part: int, broken: Broken | None) -> None:
        """A part came to its end, or its worker did not."""
        told = self._told[part]
        told.ended = True
        if broken is not None:
            told.broke = told.died = True
            failed = TargetFailed(
                target=self._plan.target, what=broken.what, last=broken.last
            )
            self._failure(part, failed)
        if told.found and self._plan.stop_at_first:
            self.settled = True
        self._settle()

    def end(self, seconds: float, note: str = "") -> None:
        """All parts are over, or what they still do is not waited for.

        `note` is what there is to say of how they were played.
        """
        records: list[Record] = []
        if not self._plan.is_whole:
            records += self._layers()
            records += self._ended(note)
            records += self._meetings()
            records += withheld(self._plan.target, self._reasons())
            ends = (told.search for told in self._told if told.search is not None)
            records += choices_together(chain.from_iterable(e.choices for e in ends))
        if not self._skipped and not any(told.died for told in self._told):
            finished = TargetFinished(
                target=self._plan.target, seconds=round(seconds, 3)
            )
            records.append(finished)
        for record in records:
            self._on_record(record)

    def _found(self, part: int, met: FoundPart) -> None:
        """Pass on what no other part found; with its cause once it is small."""
        if self._owner.setdefault(met.clause, part) != part:
            return
        found = replace(found_whole(met), cause=None)
        self._reached.hear([(BROKEN, met.clause)])
        history = met.history
        if met.replaces and history is not None:
            cause = self._cause(met.clause)
            found = replace(found, cause=cause)
            if cause is None:
                self._causes[met.clause] = history
        self._on_record(kept_finding(self._plan, found, met.scenario))

    def _cause(self, clause: str) -> str | None:
        """The clause of an earlier finding whose history breaks this one, too."""
        asked = (clause_by_id(clause),)
        for first, small in self._causes.items():
            if first != clause and judge(small, asked).findings:
                return first
        return None

    def _failure(self, part: int, failed: TargetFailed) -> None:
        """Say how a part broke, where no other broke like it."""
        new = self._faults.new(part, failed)
        if new is not None:
            self._on_record(new)

    def _search(self, told: _Told, search: SearchPart) -> None:
        """Count what is new of all, in the order in which it is heard."""
        reached, last = self._reached, told.search
        before = 0 if last is None else last.scenarios
        for first in search.things:
            if first.thing not in reached.things:
                at = reached.scenarios + first.scenario - before
                reached.things[first.thing] = at
                reached.newest = max(reached.newest, at)
        reached.scenarios += search.scenarios - before
        told.close(search)
        self._settle()

    def _settle(self) -> None:
        """Ask whether all is told: no part owes anything, and nothing new comes."""
        if self._plan.scenarios is not None or self._plan.is_whole:
            return
        heard = all(told.ended or told.search is not None for told in self._told)
        if heard and not any(map(_owing, self._told)) and self._reached.exhausted:
            self._nothing_new = self.settled = True

    def _layers(self) -> Iterator[Record]:
        stopped = self._plan.stop_at_first and any(told.found for told in self._told)
        broke = sum(told.broke for told in self._told)
        for name in LAYERS:
            parts = [told.layers[name] for told in self._told if name in told.layers]
            if parts:
                yield layer_together(
                    parts, stopped=stopped, broke=broke, of=self._plan.parts
                )
            if parts and name == "fixed":
                bounds = (bound for told in self._told for bound in told.bounds)
                yield from bounds_together(bounds)

    def _ended(self, note: str) -> Iterator[SearchEnded]:
        reached, plan = self._reached, self._plan
        whys = [told.search.why for told in self._told if told.search is not None]
        if all(told.broke for told in self._told):
            return
        if plan.stop_at_first and any(told.found for told in self._told):
            why = ENOUGH
        elif self._nothing_new:
            why = NOTHING_NEW
        elif plan.scenarios is not None:
            why = ALL_PLAYED
        else:
            why = TIME_OVER if TIME_OVER in whys else NOTHING_LEFT
        yield SearchEnded(
            target=plan.target,
            why=f"{why}; {note}" if note else why,
            scenarios=reached.scenarios,
            newest=reached.newest,
            reached=reached.by_kind,
        )

    def _meetings(self) -> Iterator[MeetingsCounted]:
        """What no part met of all that they could, where a part came to an end."""
        if self._could is not None and not all(told.broke for told in self._told):
            parts = (part for told in self._told for part in told.layers.values())
            met = {key for part in parts for key in part.met}
            never = tuple(key for key in self._could.never if key not in met)
            yield replace(self._could, never=never)

    def _reasons(self) -> dict[str, str]:
        """The clauses without a verdict, each with the reason of the first part."""
        reasons: dict[str, str] = {}
        for told in self._told:
            for clause, why in told.search.withheld.items() if told.search else ():
                reasons.setdefault(clause, why)
        return reasons


def _owing(told: _Told) -> bool:
    return not told.ended and told.search is not None and told.search.owing > 0
