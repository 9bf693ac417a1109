"""The command `memslots protocol`."""

from __future__ import annotations

import sys

import click

from memslot_conformance.cli.options import print_lines
from memslot_conformance.cli.output import show
from memslot_conformance.clock import Stopwatch
from memslot_conformance.report.searched import SearchTable, breach, evaluated
from memslot_conformance.run.exits import Exit
from memslot_spec.clauses import CLAUSES
from memslot_spec.compiled import which_judge
from memslot_spec.model.profile import LINUX, PROFILES, profile_named
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import header_for, order_clauses, races_of
from memslot_spec.protocol.search import Searched, search

COMPILED = (
    "the search restores each fact when it is read, which compiled facts cannot be; "
    "run it with the interpreted judge"
)


@click.command("protocol")
@click.option(
    "--threads",
    type=click.Choice(("2", "3", "4")),
    default="2",
    show_default=True,
    help="How many threads race; a search with four takes half a minute.",
)
@click.option(
    "--profile",
    "profile_name",
    type=click.Choice([profile.name for profile in PROFILES]),
    default=LINUX.name,
    show_default=True,
    help="Whose protocol to search.",
)
@click.option(
    "--unreduced",
    is_flag=True,
    help="Follow every order of the steps, also where the order makes no difference.",
)
def protocol_command(*, threads: str, profile_name: str, unreduced: bool) -> None:
    """Search every interleaving of an update with its readers, and judge each step.

    Every state is visited. Of the orders of steps that make no difference to any
    clause one is judged; where something is found the search is made again with all.

    Exit status: 1 where a clause is broken or a thread waits for ever; 2 where the
    judge is compiled, for the search needs the interpreted one.
    """
    if which_judge() == "compiled":
        raise click.UsageError(COMPILED)
    profile = profile_named(profile_name)
    header = header_for(profile)
    protocol = Protocol(profile, header.limits)
    show(f"the protocol of {profile.name}, {threads} threads\n")
    races = races_of(int(threads))
    table = SearchTable(races)
    show(table.head)
    done: list[Searched] = []
    for race in races:
        watch = Stopwatch()
        searched = search(protocol, race, header, CLAUSES, reduced=not unreduced)
        show(table.row(searched, watch.seconds))
        done.append(searched)
    reached = {id_ for one in done for id_, times in one.reached.items() if times}
    about = [clause.id for clause in order_clauses(profile)]
    asked = [id_ for id_ in about if id_ in reached]
    print_lines(
        [
            "",
            evaluated(len(asked), len(about), len(reached) - len(asked)),
            *(breach(clause, one) for one in done for clause in one.broken),
        ]
    )
    broke = any(one.broken or one.stuck for one in done)
    sys.exit(Exit.DOES_NOT_CONFORM if broke else Exit.CONFORMS)
