"""The command `memslots clauses`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import click

from memslot_conformance.cli.options import print_lines
from memslot_conformance.cli.output import show
from memslot_conformance.museum import run as museum_run
from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import first_witnesses
from memslot_conformance.report import clauses as explain
from memslot_conformance.report.console import report_width
from memslot_conformance.run.checking import STREAM_NAME
from memslot_conformance.run.evidence import ClauseEvidence, evidence_of
from memslot_conformance.run.stream import read_stream
from memslot_conformance.spelling import close_to
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id
from memslot_spec.history.json_kinds import FileError


@click.command("clauses")
@click.argument("clause_id", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--evidence",
    is_flag=True,
    help="Mark in the list what evidence there is for each clause.",
)
@click.option(
    "--from",
    "report",
    type=click.Path(exists=True, path_type=Path),
    metavar="REPORT",
    help="Show the evidence of this run: its report folder, or the stream in it.",
)
def clauses_command(
    clause_id: str | None, *, as_json: bool, evidence: bool, report: Path | None
) -> None:
    """List the clauses, or explain one."""
    chosen = CLAUSES if clause_id is None else (_clause(clause_id),)
    mutants = _mutants()
    found = None if report is None else _evidence(report, chosen)
    if as_json:
        data = [explain.as_json(clause, mutants, found) for clause in chosen]
        show(json.dumps(data if clause_id is None else data[0], indent=2))
    elif clause_id is not None:
        width = report_width()
        clause = chosen[0]
        seen = first_witnesses(clause) if mutants else ()
        print_lines(
            explain.explained(clause, mutants, found=found, seen=seen, width=width)
        )
    elif evidence or found is not None:
        print_lines(explain.listed_with_evidence(chosen, found))
    else:
        print_lines(explain.listed(chosen))


def _evidence(
    report: Path, clauses: Sequence[AnyClause]
) -> dict[str, tuple[ClauseEvidence, ...]]:
    """What a run says of the clauses. Errors: `UsageError` where it is no run's."""
    path = report / STREAM_NAME if report.is_dir() else report
    try:
        records = read_stream(path).records
    except (FileError, OSError) as error:
        raise click.UsageError(str(error)) from error
    return evidence_of(records, [clause.id for clause in clauses])


def _clause(clause_id: str) -> AnyClause:
    try:
        return clause_by_id(clause_id.upper())
    except KeyError:
        hint = close_to(clause_id.upper(), [clause.id for clause in CLAUSES])
        message = f"no clause {clause_id!r}; `memslots clauses` lists them.{hint}"
        raise click.UsageError(message) from None


def _mutants() -> tuple[Mutant, ...]:
    """The museum's catalogue; empty where the reference is not installed."""
    try:
        return museum_run.catalogue()
    except ModuleNotFoundError:
        return ()
