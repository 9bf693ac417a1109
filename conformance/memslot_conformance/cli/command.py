"""The command `memslots`."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

import click

from memslot_conformance.cli.check import check_command
from memslot_conformance.cli.diff import diff_command
from memslot_conformance.cli.ending import reached
from memslot_conformance.cli.judge import judge_command, replay_command
from memslot_conformance.cli.museum import museum_command
from memslot_conformance.cli.options import print_lines, profile_option
from memslot_conformance.cli.protocol import protocol_command
from memslot_conformance.cli.schema import schema_command
from memslot_conformance.environment import version
from memslot_conformance.museum import run as museum_run
from memslot_conformance.museum.run import Mutant
from memslot_conformance.museum.witnesses import first_witnesses
from memslot_conformance.report import clauses as explain
from memslot_conformance.report.console import printable, report_width
from memslot_conformance.run.checking import STREAM_NAME
from memslot_conformance.run.evidence import ClauseEvidence, evidence_of
from memslot_conformance.run.smoke import smoke
from memslot_conformance.run.stream import StreamError, read_stream
from memslot_conformance.run.verdicts import Exit
from memslot_conformance.spelling import close_to
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES, clause_by_id


class Commands(click.Group):
    """The commands; what goes wrong in them never looks like a verdict."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command, and give an interrupt or a bug a status of its own."""
        try:
            result: object = super().invoke(ctx)
        except KeyboardInterrupt:
            click.echo("exit 4   interrupted", err=True)
            ctx.exit(Exit.INCONCLUSIVE)
        except (click.ClickException, click.Abort, click.exceptions.Exit, OSError):
            raise
        except Exception:  # noqa: BLE001 - a bug of the suite, whatever it is
            click.echo(traceback.format_exc(), err=True)
            click.echo(
                "exit 3   memslots itself broke; this is a bug in memslots", err=True
            )
            ctx.exit(Exit.BROKE)
        return result


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(version(), prog_name="memslots", message="%(prog)s %(version)s")
def main() -> None:
    """Check implementations of guest memory slots against their specification.

    Exit status, the first that applies: 2 usage, 1 does not conform, 3 the target
    or the suite broke, 4 inconclusive, 5 nothing ran, 0 conforms.
    """


@main.command("clauses")
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
        click.echo(json.dumps(data if clause_id is None else data[0], indent=2))
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
    except (StreamError, OSError) as error:
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


@main.command("smoke")
@click.argument("target")
@profile_option
def smoke_command(target: str, profile: str | None) -> None:
    """Check the adapter alone; says nothing about the implementation behind it.

    Exit status: 0 the adapter is sound, 3 it is broken.
    """
    checks = reached(lambda: smoke(target, profile))
    for check_ in checks:
        state = "BROKEN" if check_.problem else "ok"
        click.echo(printable(f"{state:7} {check_.name}"))
        for line in (check_.problem, check_.note):
            if line:
                click.echo(printable(f"        {line}"))
    if any(check_.problem for check_ in checks):
        click.echo("\nexit 3   the adapter is broken; nothing was judged")
        sys.exit(Exit.BROKE)
    click.echo(
        "\nexit 0   the adapter is sound; `memslots check` judges what it adapts"
    )


for command in (
    check_command,
    judge_command,
    replay_command,
    museum_command,
    protocol_command,
    diff_command,
    schema_command,
):
    main.add_command(command)
