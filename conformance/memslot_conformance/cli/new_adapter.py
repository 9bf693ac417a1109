"""The command `memslots new-adapter`."""

from __future__ import annotations

from pathlib import Path

import click

from memslot_conformance.cli.output import show
from memslot_conformance.targets.c.header import HEADER
from memslot_conformance.targets.skeletons.copies import SKELETONS, copied

C_SOURCES = (HEADER, HEADER.parent / "skeleton/table.c")
C_NEXT = (
    "next     cc -std=c11 -Wall -Wextra -g -shared -fPIC -o libtable.so table.c",
    "         memslots smoke c:./libtable.so",
    "         table.c says what to fill in; memslots.h is the manual",
)


@click.command("new-adapter")
@click.argument("kind", type=click.Choice([*SKELETONS, "c"]), metavar="KIND")
@click.argument(
    "folder", type=click.Path(file_okay=False, path_type=Path), metavar="FOLDER"
)
def new_adapter_command(kind: str, folder: Path) -> None:
    """Write an adapter to begin with; it is sound as it stands.

    KIND is python, rust, stdio, ranges or c. python and rust can be stepped; stdio is
    a program in any language, written in plain Python; ranges is a table by ranges
    without slot ids, in Python; c is a library in C, with its header. Nothing that is
    there is written over.
    """
    if kind == "c":
        _write_c(folder)
        return
    skeleton = SKELETONS[kind]
    try:
        file = copied(skeleton, folder)
    except FileExistsError as error:
        message = f"there is {error.filename!r} already"
        raise click.UsageError(message) from error
    others = [f" and {folder / called}" for called in skeleton.support.values()]
    show(f"wrote {file}{''.join(others)}")
    steps = (*skeleton.build, f"memslots smoke '{skeleton.target}'")
    show(f"next: in that folder, {' && '.join(steps)}")


def _write_c(folder: Path) -> None:
    for source in C_SOURCES:
        if (folder / source.name).exists():
            message = f"{folder / source.name} is there already"
            raise click.UsageError(message)
    folder.mkdir(parents=True, exist_ok=True)
    for source in C_SOURCES:
        (folder / source.name).write_bytes(source.read_bytes())
    written = [f"wrote    {folder / source.name}" for source in C_SOURCES]
    show("\n".join((*written, f"in       cd {folder}", *C_NEXT)))
