"""The command `memslots new-adapter`."""

from __future__ import annotations

from pathlib import Path

import click

from memslot_conformance.cli.output import show
from memslot_conformance.targets.skeletons.copies import SKELETONS, copied


@click.command("new-adapter")
@click.argument("kind", type=click.Choice(list(SKELETONS)), metavar="KIND")
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER"
)
def new_adapter_command(kind: str, folder: Path) -> None:
    """Write an adapter to begin with; it is sound as it stands. KIND: stdio.

    stdio is a program in any language, written in plain Python. Nothing that is there
    is written over.
    """
    skeleton = SKELETONS[kind]
    try:
        file = copied(skeleton, folder)
    except FileExistsError as error:
        message = f"there is {error.filename!r} already"
        raise click.UsageError(message) from error
    show(f"wrote {file}")
    show(f"next: in that folder, memslots smoke '{skeleton.target}'")
