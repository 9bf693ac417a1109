"""Builds the tables in C of this folder, whole or with a bug planted in them.

    python conformance/elsewhere/elsewhere_tables.py liburcu --planted IN_PLACE

It prints the library as a target of `memslots check`. Where something is missing to
build it with, it says what in one line, and the status is 1.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import dataclass
from pathlib import Path

from memslot_conformance.targets.c.header import HEADER

HERE = Path(__file__).parent

WARNINGS = ("-Wall", "-Wextra", "-Werror")


@dataclass(frozen=True, slots=True)
class Table:
    """One of them: what is planted in it, what it is linked with, what exports it."""

    name: str
    planted: tuple[str, ...]
    libraries: tuple[str, ...] = ()
    needs: tuple[tuple[str, str], ...] = ()
    """A header that has to be there, and the package of Debian that has it."""
    exports: tuple[str, ...] = ("memslots_target",)


TABLES = {
    table.name: table
    for table in (
        Table(
            "liburcu",
            ("NO_GRACE_PERIOD", "NO_INVALID", "FREE_FIRST", "IN_PLACE", "UNREGISTERED"),
            ("-lurcu", "-lpthread"),
            (("urcu.h", "liburcu-dev"),),
            ("memslots_target", "memslots_threads"),
        ),
        Table("srcu", ("ONE_WAIT",)),
        Table("published", ("RELAXED", "GIVEN_UP"), ("-lpthread",)),
    )
}


def missing(table: Table) -> str | None:
    """What there is not to build it with, in a line; None where all is there."""
    if shutil.which("gcc") is None:
        return f"{table.name} is not built: gcc is missing"
    for header, package in table.needs:
        asked = f"#include <{header}>\n"
        found = subprocess.run(
            ["gcc", "-E", "-x", "c", "-"],  # noqa: S607 - it was looked for
            input=asked,
            capture_output=True,
            check=False,
            text=True,
        )
        if found.returncode:
            return f"{table.name} is not built: {header} is missing ({package})"
    return None


def built(table: Table, into: Path, planted: str = "", *extra: str) -> Path:
    """The library, with this bug in it. Errors: `CalledProcessError`, of gcc."""
    library = into / f"lib{'_'.join(filter(None, (table.name, planted.lower())))}.so"
    source = HERE / table.name / "table.c"
    command = ["gcc", "-std=gnu11", "-g", *WARNINGS, "-shared", "-fPIC", *extra]
    command += [f"-I{HERE}", f"-I{HEADER.parent}"]
    command += [f"-DPLANTED_{planted}"] if planted else []
    command += ["-o", str(library), str(source), *table.libraries]
    subprocess.run(command, check=True)
    return library


def main() -> None:
    """Build one and print its targets."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("table", choices=sorted(TABLES))
    parser.add_argument("--planted", default="")
    parser.add_argument("--into", type=Path, default=Path())
    options = parser.parse_args()
    table = TABLES[options.table]
    if options.planted and options.planted not in table.planted:
        known = ", ".join(table.planted)
        parser.error(f"nothing called {options.planted} is planted, only {known}")
    lacking = missing(table)
    if lacking is not None:
        sys.exit(lacking)
    library = built(table, options.into, options.planted)
    for symbol in table.exports:
        print(f"c:{library.resolve()}:{symbol}")


if __name__ == "__main__":
    main()
