"""From the records of a run to its verdicts and its exit status. Pure.

A clause passes only where its premise held in a layer that ran to its end, on a
target that came to its end. Everything else says why it is no pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from memslot_conformance.findings.records import (
    BoundEnded,
    ChoiceSeen,
    DataRace,
    Found,
    LayerDone,
    MeetingsCounted,
    Record,
    RunFinished,
    RunStarted,
    SearchEnded,
    TargetFailed,
    TargetFinished,
    TargetSkipped,
    TargetStarted,
    Verdict,
    latest,
)
from memslot_conformance.run.exits import Exit
from memslot_spec.clause import AnyClause
from memslot_spec.history.header import Interleaving

OCCASIONS = 1_000
"""So often a target has the occasion to meet a premise before it is said to never."""

TRACEBACK = "Traceback (most recent call last)"
GROUP, IN_GROUP = "+ Exception Group Traceback", "  | "
"""How Python begins what it says of an exception, and of a group of them."""


@dataclass(frozen=True, slots=True)
class ClauseVerdict:
    """The verdict on one clause; `reached` is how often its premise held.

    `reason` is empty for a pass. Of a clause that is not applicable since its premise
    never held, `occasions` is how often it could have: see `memslot_spec.occasion`.
    """

    clause: str
    verdict: Verdict
    reached: int
    reason: str = ""
    occasions: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetVerdicts:
    """What a run says of one target; a skipped one has no verdicts."""

    target: str
    verdicts: tuple[ClauseVerdict, ...]
    skipped: str | None = None
    failed: str | None = None
    races: int = 0
    """How many data races were reported of it, which no clause is about."""

    def count(self, verdict: Verdict, clauses: Iterable[str] | None = None) -> int:
        """How many clauses have this verdict, out of these or of all."""
        wanted = None if clauses is None else frozenset(clauses)
        return sum(
            v.verdict is verdict and (wanted is None or v.clause in wanted)
            for v in self.verdicts
        )

    @property
    def never_met(self) -> tuple[ClauseVerdict, ...]:
        """The verdicts on clauses whose premise this target does not bring about."""
        return tuple(verdict for verdict in self.verdicts if verdict.occasions)


@dataclass(slots=True)
class _Told:
    """What the records tell of one target."""

    skipped: str | None = None
    not_applicable: dict[str, str] = field(default_factory=dict[str, str])
    layers: list[LayerDone] = field(default_factory=list[LayerDone])
    found: list[Found] = field(default_factory=list[Found])
    failures: list[str] = field(default_factory=list[str])
    withheld: dict[str, str] = field(default_factory=dict[str, str])
    races: int = 0
    finished: bool = False
    owns_threads: bool = False

    def hear(self, record: Record) -> None:
        """Take in one record about the target."""
        match record:
            case TargetSkipped():
                self.skipped = record.reason
            case TargetStarted():
                self.not_applicable.update(record.not_applicable)
                self.owns_threads = record.interleaving == Interleaving.THREADS.value
            case LayerDone():
                self.layers.append(record)
            case Found():
                self.found.append(record)
            case TargetFailed():
                self._fail(record)
            case DataRace():
                self.races += 1
            case TargetFinished():
                self.finished = True
            case (
                BoundEnded()
                | ChoiceSeen()
                | SearchEnded()
                | MeetingsCounted()
                | RunStarted()
                | RunFinished()
            ):
                pass

    def _fail(self, record: TargetFailed) -> None:
        if record.clauses:
            self.withheld.update(dict.fromkeys(record.clauses, record.what))
        else:
            self.failures.append(record.what)

    @property
    def failed(self) -> str | None:
        """The failures in a line each; None where there is none."""
        return "\n".join(dict.fromkeys(self.failures)) or None


def verdicts(
    records: Iterable[Record], clauses: Sequence[AnyClause]
) -> tuple[TargetVerdicts, ...]:
    """The verdicts on these clauses, target by target, in the order of the run.

    Targets that the run meant to judge and never came to are among them.
    """
    told: dict[str, _Told] = {}
    for record in latest(records):
        if isinstance(record, RunStarted):
            told.update({target: _Told() for target in record.targets})
        elif not isinstance(record, RunFinished):
            told.setdefault(record.target, _Told()).hear(record)
    return tuple(
        TargetVerdicts(
            target=target,
            verdicts=()
            if known.skipped is not None
            else tuple(_verdict(clause, known) for clause in clauses),
            skipped=known.skipped,
            failed=known.failed,
            races=known.races,
        )
        for target, known in told.items()
    )


def _verdict(about: AnyClause, told: _Told) -> ClauseVerdict:
    clause = about.id
    reached = sum(layer.reached.get(clause, 0) for layer in told.layers)
    for found in told.found:
        if found.clause == clause:
            reason = f"expected {found.expected}; observed {found.observed}"
            return ClauseVerdict(clause, Verdict.FAIL, max(reached, 1), reason)
    if clause in told.not_applicable:
        reason = told.not_applicable[clause]
        return ClauseVerdict(clause, Verdict.NOT_APPLICABLE, 0, reason)
    failed = told.withheld.get(clause, told.failed)
    if failed is not None:
        return ClauseVerdict(clause, Verdict.ERROR, reached, headline(failed))
    if not told.finished:
        reason = "the run ended before the target did"
        return ClauseVerdict(clause, Verdict.INCONCLUSIVE, reached, reason)
    unshown = _never_overlapped(about, told, reached) or _never_met(
        about, told, reached
    )
    return unshown or _reached_or_not(clause, reached, told.layers)


def _never_overlapped(
    clause: AnyClause, told: _Told, reached: int
) -> ClauseVerdict | None:
    """On threads that nobody steps a race may be none."""
    if not (told.owns_threads and clause.concurrent):
        return None
    if any(layer.overlapped for layer in told.layers):
        return None
    raced = sum(layer.raced for layer in told.layers)
    reason = f"no two calls overlapped in {raced:,} races"
    return ClauseVerdict(clause.id, Verdict.INCONCLUSIVE, reached, reason)


def _never_met(clause: AnyClause, told: _Told, reached: int) -> ClauseVerdict | None:
    """It had the occasion to meet the premise, again and again, and never did."""
    if reached or clause.occasion is None:
        return None
    whole = [layer for layer in told.layers if layer.cut is None]
    occasions = sum(layer.occasions.get(clause.id, 0) for layer in whole)
    if occasions < OCCASIONS:
        return None
    reason = f"{clause.occasion.never} {occasions:,}"
    return ClauseVerdict(clause.id, Verdict.NOT_APPLICABLE, 0, reason, occasions)


def headline(what: str) -> str:
    """The one line that says most of why a target broke: of a traceback, its error.

    Of several the last is what was raised in the end. A message may have many lines.
    """
    lines = [line for line in what.splitlines() if line.strip()]
    if not lines:
        return "it broke"
    begins = [n for n, line in enumerate(lines) if line.startswith(TRACEBACK)]
    if begins and begins[0] == 0:
        frames = iter(lines[begins[-1] + 1 :])
        error = next((one for one in frames if not one.startswith(" ")), lines[-1])
        return error.strip()
    if GROUP in lines[0]:
        said = (line.removeprefix(IN_GROUP) for line in lines[1:])
        return next((one for one in said if one[:1].strip(" +|")), lines[0]).strip()
    return lines[0]


def _reached_or_not(
    clause: str, reached: int, layers: Sequence[LayerDone]
) -> ClauseVerdict:
    if any(layer.cut is None and layer.reached.get(clause, 0) for layer in layers):
        return ClauseVerdict(clause, Verdict.PASS, reached)
    cut = "; ".join(f"{layer.layer}: {layer.cut}" for layer in layers if layer.cut)
    if reached:
        reason = f"its premise held only in layers that were cut short ({cut})"
    elif cut:
        reason = f"its premise never held, and layers were cut short ({cut})"
    elif layers:
        reason = "its premise never held"
    else:
        reason = "no layer ran"
    return ClauseVerdict(clause, Verdict.INCONCLUSIVE, reached, reason)


def exit_status(
    targets: Sequence[TargetVerdicts], *, strict: bool = False, recorded: bool = False
) -> Exit:
    """The first that applies.

    With `strict`, a target that was skipped fails. Of what was `recorded`, what is
    inconclusive does not count: one history cannot reach every clause.
    """
    if any(t.races or t.count(Verdict.FAIL) for t in targets):
        return Exit.DOES_NOT_CONFORM
    if strict and any(t.skipped is not None for t in targets):
        return Exit.DOES_NOT_CONFORM
    if any(t.failed is not None or t.count(Verdict.ERROR) for t in targets):
        return Exit.BROKE
    if not recorded and any(t.count(Verdict.INCONCLUSIVE) for t in targets):
        return Exit.INCONCLUSIVE
    if not any(t.count(Verdict.PASS) for t in targets):
        return Exit.NOTHING_RAN
    return Exit.CONFORMS
