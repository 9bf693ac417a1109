"""The command `memslots`."""

from __future__ import annotations

import traceback

import click

from memslot_conformance.cli.check import check_command
from memslot_conformance.cli.clauses import clauses_command
from memslot_conformance.cli.diff import diff_command
from memslot_conformance.cli.judge import judge_command, replay_command
from memslot_conformance.cli.museum import museum_command
from memslot_conformance.cli.protocol import protocol_command
from memslot_conformance.cli.schema import schema_command
from memslot_conformance.cli.smoke import smoke_command
from memslot_conformance.environment import version
from memslot_conformance.run.verdicts import Exit


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


for command in (
    clauses_command,
    smoke_command,
    check_command,
    judge_command,
    replay_command,
    museum_command,
    protocol_command,
    diff_command,
    schema_command,
):
    main.add_command(command)
