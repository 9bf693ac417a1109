"""The command `memslots`."""

from __future__ import annotations

import sys
import traceback
from typing import Any

import click

from memslot_conformance.cli.chosen import Chosen
from memslot_conformance.cli.output import give_up, say, stand_in
from memslot_conformance.cli.signals import ended_by_signals
from memslot_conformance.cli.version import version_option
from memslot_conformance.report.console import printable
from memslot_conformance.run.exits import Exit


def _shown(error: click.ClickException) -> click.ClickException:
    """The error with a message that does not steer the terminal: click prints it."""
    said = error.format_message()
    if printable(said) == said:
        return error
    if isinstance(error, click.UsageError):
        return click.UsageError(printable(said), error.ctx)
    return click.ClickException(printable(said))


class Commands(click.Group):
    """The commands; what goes wrong in them never looks like a verdict."""

    def main(self, *args: Any, **extra: Any) -> Any:  # noqa: ANN401 - as click has it
        """Run the command line, whatever has become of the standard streams."""
        try:
            if not stand_in():
                say("exit 3   standard output is closed: there is nobody to report to")
                sys.exit(Exit.BROKE)
            return super().main(*args, **extra)
        except OSError as error:
            give_up(error)
            sys.exit(Exit.BROKE)

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,  # noqa: ANN401 - as click has it
    ) -> click.Context:
        """Read the command line; it prints its help here."""
        try:
            return super().make_context(info_name, args, parent, **extra)
        except click.ClickException as error:
            raise _shown(error) from None
        except OSError as error:
            give_up(error)
            raise click.exceptions.Exit(Exit.BROKE) from error

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; an interrupt, an error or a bug has a status of its own."""
        try:
            with ended_by_signals():
                result: object = super().invoke(ctx)
        except KeyboardInterrupt:
            say("exit 4   interrupted")
            ctx.exit(Exit.INCONCLUSIVE)
        except click.ClickException as error:
            raise _shown(error) from None
        except (click.Abort, click.exceptions.Exit):
            raise
        except OSError as error:
            give_up(error)
            ctx.exit(Exit.BROKE)
        except Exception:  # noqa: BLE001 - a bug of the suite, whatever it is
            say(traceback.format_exc())
            say("exit 3   memslots itself broke; this is a bug in memslots")
            ctx.exit(Exit.BROKE)
        return result


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@version_option
def main() -> None:
    """Check implementations of guest memory slots against their specification.

    Exit status, the first that applies: 2 usage, 1 does not conform, 3 the target
    or the suite broke, 4 inconclusive, 5 nothing ran, 0 conforms.
    """


for name, module, says in (
    ("clauses", "clauses", "List the clauses, or explain one."),
    (
        "smoke",
        "smoke",
        "Check the adapter alone; says nothing about the implementation behind it.",
    ),
    (
        "check",
        "check",
        "Judge targets; by default both references, and the kernel if it is usable.",
    ),
    (
        "judge",
        "judge",
        "Judge a recorded history or failure; or show the report of a run again.",
    ),
    (
        "new-adapter",
        "new_adapter",
        "Write an adapter to begin with; it is sound as it stands.",
    ),
    ("replay", "judge", "Run a recorded failure again, step by step."),
    (
        "museum",
        "museum",
        "Run mutants of the museum, or all, and say which clause detects each.",
    ),
    (
        "protocol",
        "protocol",
        "Search every interleaving of an update with its readers, and judge each step.",
    ),
    (
        "diff",
        "diff",
        "Compare a pure Python function with one of the specification, symbolically.",
    ),
    (
        "schema",
        "schema",
        "Print the JSON Schema of a kind of file: history, report or failure.",
    ),
):
    main.add_command(Chosen(name, f"memslot_conformance.cli.{module}", says))
