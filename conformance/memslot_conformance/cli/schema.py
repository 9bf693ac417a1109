"""The command `memslots schema`."""

from __future__ import annotations

import json

import click

from memslot_conformance.cli.output import show
from memslot_conformance.findings import failure_file
from memslot_conformance.run import stream
from memslot_conformance.targets.stdio import messages
from memslot_spec.history import wire

SCHEMAS = {
    "history": wire.schema,
    "report": stream.schema,
    "failure": failure_file.schema,
    "requests": messages.requests_schema,
    "answers": messages.answers_schema,
}
"""What a schema can be had of."""


@click.command("schema")
@click.argument("what", type=click.Choice(list(SCHEMAS)), metavar="WHAT")
def schema_command(what: str) -> None:
    """Print the JSON Schema of a kind of file: history, report or failure.

    Or of what a program of a `cmd:` target reads and writes: requests, answers.
    The schema (draft 2020-12) describes the lines of the file as one array.
    """
    show(json.dumps(SCHEMAS[what](), indent=2))
