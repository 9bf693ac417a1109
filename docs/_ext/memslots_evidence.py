"""What Sphinx has to know of evidence: two directives that show a run's records.

{memslots-evidence} WHAT  how far clauses are held: WHAT is a clause's id, a group
                          of clauses, or nothing for all
{memslots-choices}        where several answers are allowed, and which were seen

The run is a short one, made when the book is built: the fixed races at one
preemption on the reference, and the running kernel where the machine has it. Its
records are kept until the code changes.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from kept_results import kept
from memslots_book import Written
from memslots_pages import plain
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    ChoiceSeen,
    Record,
    RunFinished,
    RunStarted,
    TargetFailed,
    TargetSkipped,
)
from memslot_conformance.report.evidence import many
from memslot_conformance.run.campaign import run_plan
from memslot_conformance.run.evidence import ClauseEvidence, evidence_of
from memslot_conformance.run.part_run import WorkerLimits
from memslot_conformance.run.stream import from_line, to_line
from memslot_conformance.run.verdicts import headline
from memslot_conformance.targets.kvm.detect import Unusable, detect
from memslot_spec.choices import CHOICES
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, GROUPS
from memslot_spec.model.profile import LINUX, PROFILES

LEVEL = "brief"
SEED = 1
SECONDS = 900.0
"""More than the races need, so that every build shows the same of them."""

REFERENCES = (
    *(("reference", profile.name) for profile in PROFILES),
    ("reference-ranges", LINUX.name),
)
"""The targets, each with the profile that it is held to."""

KERNEL = "kvm"
KERNEL_SECONDS = 5.0


class Evidence(Written):
    """How far clauses are held, as a table."""

    optional_arguments = 1
    final_argument_whitespace = True

    def written(self) -> str:
        """Run what has not been run. Errors: `LookupError` for an unknown WHAT."""
        wanted = clauses_of(self.arguments[0] if self.arguments else "")
        return evidence_table(records(), wanted)


class Choices(Written):
    """Where several answers are allowed, and which were seen."""

    def written(self) -> str:
        """Run what has not been run."""
        return choices_table(records())


def clauses_of(what: str) -> tuple[AnyClause, ...]:
    """The clauses of this id or group; all without either. Errors: `LookupError`."""
    if not what:
        return CLAUSES
    by_group = dict(GROUPS)
    if what in by_group:
        return tuple(by_group[what])
    chosen = tuple(clause for clause in CLAUSES if clause.id == what)
    if not chosen:
        message = f"no clause and no group {what!r}; groups are {', '.join(by_group)}"
        raise LookupError(message)
    return chosen


def records() -> tuple[Record, ...]:
    """The records of the book's run: those kept, or new ones.

    Errors: `ValueError` where a target broke, for then there is nothing to show.
    """
    usable = detect()
    kernel = usable.reason if isinstance(usable, Unusable) else usable.facts
    lines = kept("evidence", (LEVEL, SEED, kernel), _run_in_lines).splitlines()
    return tuple(from_line(line, "evidence") for line in lines)


def _run_in_lines() -> str:
    made = run()
    broke = [r for r in made if isinstance(r, TargetFailed) and r.target != KERNEL]
    if broke:
        message = f"{broke[0].target} broke: {broke[0].what}"
        raise ValueError(message)
    return "\n".join(to_line(record) for record in made)


def run() -> tuple[Record, ...]:
    """Run the references, one under each profile, and the kernel where it is usable."""
    made: list[Record] = []
    for name, profile in REFERENCES:
        heard: list[Record] = []
        run_plan(_plan(name, profile, "fixed", SECONDS), LIMITS, heard.append)
        made += [_named(record, f"{name}, {profile}") for record in heard]
    usable = detect()
    if isinstance(usable, Unusable):
        made.append(TargetSkipped(target=KERNEL, reason=usable.reason))
    else:
        run_plan(_plan(KERNEL, None, "sequential", KERNEL_SECONDS), LIMITS, made.append)
    targets = dict.fromkeys(str(getattr(record, "target", "")) for record in made)
    started = RunStarted(
        version="",
        started="",
        level=LEVEL,
        seed=SEED,
        targets=tuple(targets),
        clauses=len(CLAUSES),
        host="",
    )
    return (started, *made, RunFinished(exit_status=0, seconds=0.0))


LIMITS = WorkerLimits()


def _plan(target: str, profile: str | None, layer: str, seconds: float) -> TargetPlan:
    return TargetPlan(
        target=target,
        profile=profile,
        level=LEVEL,
        seed=SEED,
        layers=(layer,),
        clauses=tuple(clause.id for clause in CLAUSES),
        seconds=seconds,
    )


def _named(record: Record, target: str) -> Record:
    """The record under the name that tells one profile's run from the other's."""
    if isinstance(record, RunStarted | RunFinished):
        return record
    return replace(record, target=target)


def evidence_table(told: Sequence[Record], clauses: Sequence[AnyClause]) -> str:
    """A row for each clause: what is proved, and what each target has shown."""
    found = evidence_of(told, [clause.id for clause in clauses])
    heads = ["clause", "proved by CrossHair", *found]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for clause in clauses:
        of_targets = [
            next((_shown(e) for e in of if e.clause == clause.id), "n/a")
            for of in found.values()
        ]
        proved = ", ".join(f"`{name}`" for name in _confirmed(found, clause.id))
        lines.append(_row([f"{{clause}}`{clause.id}`", proved or "-", *of_targets]))
    return "\n".join((*lines, "", *_left_out(told, found)))


def _left_out(told: Sequence[Record], found: Collection[str]) -> list[str]:
    """Why there is no column for the kernel, where there is none."""
    if KERNEL in found:
        return []
    for record in told:
        if isinstance(record, TargetSkipped):
            return [f"No running kernel was asked. {plain(record.reason)}."]
        if isinstance(record, TargetFailed):
            what = plain(headline(record.what))
            return [f"The running kernel was not asked to the end: {what}."]
    return ["The running kernel was asked nothing within its time."]


def _confirmed(
    found: dict[str, tuple[ClauseEvidence, ...]], clause: str
) -> tuple[str, ...]:
    of_clause = (e.confirmed for of in found.values() for e in of if e.clause == clause)
    return next(of_clause, ())


def _shown(evidence: ClauseEvidence) -> str:
    """The greatest bound, or what the kernel was asked."""
    if evidence.kernel is not None:
        asked = f"{evidence.kernel.about:,} of {evidence.kernel.requests:,} requests"
        return f"{asked}, Linux {evidence.kernel.release}"
    if not evidence.bounds:
        return "not met"
    bound = evidence.bounds[0]
    if bound.threads == 1:
        return f"1 thread, {many(bound.operations, 'operation')}"
    return (
        f"{bound.threads} threads, {many(bound.operations, 'operation')}, "
        f"{many(bound.preemptions, 'preemption')}: {bound.histories:,} of "
        f"{bound.schedules:,}"
    )


def choices_table(told: Iterable[Record]) -> str:
    """A row for each choice: its options, and how often each was taken where."""
    seen = [record for record in told if isinstance(record, ChoiceSeen)]
    lines = [_row(["where", "clauses", "allowed", "taken"]), _row(["---"] * 4)]
    for choice in CHOICES:
        links = ", ".join(f"{{clause}}`{clause}`" for clause in choice.clauses)
        where = f"`{choice.id}`: {plain(choice.title)}"
        of_choice = [record for record in seen if record.choice == choice.id]
        for option in choice.options:
            taken = [f"{r.target}: {_times(r.taken[option])}" for r in of_choice]
            lines.append(_row([where, links, plain(option), "; ".join(taken) or "-"]))
            where = links = ""
    return "\n".join(lines)


def _times(count: int) -> str:
    return f"{count:,}" if count else "never"


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directives."""
    app.add_directive("memslots-evidence", Evidence)
    app.add_directive("memslots-choices", Choices)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
