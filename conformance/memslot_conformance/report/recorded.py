"""What `judge` and `replay` show of what was recorded before. Pure."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

from memslot_conformance.findings.failure_file import is_raced
from memslot_conformance.findings.records import found_in
from memslot_conformance.report.console import printable
from memslot_conformance.report.evidence import many
from memslot_conformance.report.failure import render_failure
from memslot_conformance.report.lanes import draw
from memslot_conformance.report.rendering import labelled, rendered
from memslot_conformance.report.table import Look
from memslot_conformance.report.terminal import report
from memslot_conformance.run.exits import Exit
from memslot_conformance.run.rejudge import Rejudged, Reread, Rerun, RerunOutcome
from memslot_conformance.run.verdicts import headline


def judged(path: Path, found: Reread | Rejudged, look: Look) -> tuple[str, Exit]:
    """The report on a file that was judged, or on the run that it tells of."""
    if isinstance(found, Reread):
        return report(
            found.records, found.clauses, replace(look, problem=found.problem)
        )
    header = found.header
    head = printable(
        f"{path}: target {header.target}, profile {header.profile}, "
        f"{found.events} events"
    )
    cut = found.cut
    look = replace(
        look,
        again=_command("replay" if found.is_failure else "judge", path),
        problem=None if cut is None else f"the history is not whole: {cut}",
        recorded=cut is None and not found.by_name,
    )
    text, status = report(found.records, found.clauses, look)
    return f"{head}\n\n{text}", status


def replayed(path: Path, rerun: Rerun, look: Look) -> tuple[str, Exit]:
    """What came of a failure that was run again, and the status that says it."""
    events = rerun.history.events
    if rerun.finding is not None:
        shown = render_failure(
            found_in(rerun.finding, rerun.history),
            again=_command("replay", path),
            width=look.width,
            color=look.color,
        )
    elif events:
        shown = draw(events, None, width=look.width)
    else:
        shown = "nothing was run"
    if rerun.outcome is RerunOutcome.BROKE:
        stack = printable(rerun.fault or "").splitlines()[1:]
        shown = "\n".join([shown, *([""] if stack else []), *stack])
    end = rendered([labelled(f"exit {int(rerun.status)}", _sentence(rerun))])
    return "\n".join([shown, "", *end]), rerun.status


def _sentence(rerun: Rerun) -> str:
    if not rerun.failure.clause:
        return _fault_sentence(rerun)
    if is_raced(rerun.history.header) and rerun.failure.scenario.threads:
        return _of_threads(rerun)
    return _of_a_clause(rerun)


def _of_a_clause(rerun: Rerun) -> str:
    clause = rerun.failure.clause
    match rerun.outcome:
        case RerunOutcome.SAME | RerunOutcome.BROKE if rerun.diverged is None:
            return "the same finding came again"
        case RerunOutcome.SAME | RerunOutcome.BROKE:
            return (
                "the same finding came again, but not on the recorded schedule: "
                f"{rerun.diverged}"
            )
        case RerunOutcome.OTHERWISE:
            return f"{clause} is broken again, but not as it was recorded"
        case RerunOutcome.DIVERGED:
            return f"the recorded run could not be followed: {rerun.diverged}"
        case RerunOutcome.ANOTHER:
            other = "" if rerun.finding is None else rerun.finding.clause
            return f"{clause} held this time, but {other} is broken"
        case RerunOutcome.HELD:
            return f"{clause} held this time, on the recorded schedule"


def _of_threads(rerun: Rerun) -> str:
    """Nobody steps them, so what comes again comes by chance."""
    clause, plays = rerun.failure.clause, many(rerun.times, "play")
    match rerun.outcome:
        case RerunOutcome.SAME | RerunOutcome.OTHERWISE:
            return f"{clause} is broken again, after {plays} of the same race"
        case RerunOutcome.DIVERGED:
            return f"it broke after {plays} of the same race: {rerun.diverged}"
        case _:
            return (
                f"{clause} held in {plays} of the same race; what was recorded is "
                "proof as it stands, and can be judged"
            )


def _fault_sentence(rerun: Rerun) -> str:
    """What came of how a target broke, where it broke no clause."""
    if rerun.outcome is RerunOutcome.BROKE:
        return f"the target broke again: {headline(printable(rerun.fault or ''))}"
    was = headline(printable(rerun.failure.fault))
    if rerun.finding is not None:
        return f"{rerun.finding.clause} is broken, and not as recorded: {was}"
    return f"the target did not break this time, as it had: {was}"


def _command(verb: str, path: Path) -> str:
    return f"memslots {verb} {shlex.quote(str(path))}"
