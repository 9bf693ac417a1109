"""The command `memslots new-adapter`."""

from __future__ import annotations

from pathlib import Path

import click

from memslot_conformance.cli.options import print_lines
from memslot_conformance.targets.c.header import HEADER

SKELETON = HEADER.parent / "skeleton"

NEXT = (
    "next     cc -std=c11 -Wall -Wextra -g -shared -fPIC -o libtable.so table.c",
    "         memslots smoke c:./libtable.so",
    "         table.c says what to fill in; memslots.h is the manual",
)


@click.command("new-adapter")
@click.argument("language", type=click.Choice(["c"]), metavar="LANGUAGE")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
def new_adapter_command(language: str, folder: Path) -> None:
    """Write an adapter to begin with into FOLDER; LANGUAGE is c.

    A file that is there is never written over: that is a usage error, status 2.
    """
    del language
    sources = (HEADER, *sorted(SKELETON.glob("*.c")))
    for source in sources:
        if (folder / source.name).exists():
            message = f"{folder / source.name} is there already"
            raise click.UsageError(message)
    folder.mkdir(parents=True, exist_ok=True)
    for source in sources:
        (folder / source.name).write_bytes(source.read_bytes())
    written = [f"wrote    {folder / source.name}" for source in sources]
    print_lines((*written, f"in       cd {folder}", *NEXT))
