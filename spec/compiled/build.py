"""Compile the judge: mypyc over `memslot_spec`, into a folder of its own.

    python spec/compiled/build.py --into build/compiled

What comes of it is the package again, each source beside what was compiled of it. Who
puts the folder first on the path, or installs it, runs the compiled judge. The sources
stay as they are, and nothing is written among them.

It needs mypy, setuptools, a C compiler and the headers of Python.
"""

from __future__ import annotations

import os
import shutil
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from subprocess import run

PACKAGE = Path(__file__).parents[1] / "memslot_spec"

INTERPRETED = (
    "*__init__.py",  # what is asked of a package may be imported on demand
    "choice.py",  # mypyc has no frozen dataclass that is generic
    "clause.py",  # as choice.py
    "compiled.py",  # imported before a command is chosen
    "history/json_form.py",  # reads hints at run time
    "history/json_schema.py",  # runs once, if at all
    "history/words/*.py",  # says what was found; runs on failure
    "judges/*.py",  # data
    "moments/making.py",  # as choice.py
    "on_demand.py",  # as compiled.py
    "proofs.py",  # reads code and docstrings at run time
    "protocol/*.py",  # a search of its own
    "source.py",  # as proofs.py
)
"""What is left as it is, and why: none of it is where judging spends its time."""

SETUP = """
from mypyc.build import mypycify
from setuptools import setup

names = {names!r}
setup(
    name="memslot_spec",
    packages=[],
    ext_modules=mypycify(
        ["--strict", "--config-file=", "--cache-dir=build/mypy", *names],
        opt_level="1",
        debug_level="0",
        multi_file=True,
    ),
)
"""


def compiled_names(package: Path) -> Iterator[str]:
    """The sources that are compiled, by their paths from what holds the package."""
    for path in sorted(package.rglob("*.py")):
        within = path.relative_to(package).as_posix()
        if not any(fnmatchcase(within, pattern) for pattern in INTERPRETED):
            yield path.relative_to(package.parent).as_posix()


def build(into: Path) -> None:
    """Copy the package into a folder and compile it there.

    Errors: `CalledProcessError` where mypy or the C compiler refuses.
    """
    shutil.rmtree(into, ignore_errors=True)
    shutil.copytree(
        PACKAGE,
        into / PACKAGE.name,
        ignore=shutil.ignore_patterns("__pycache__", "*.so"),
    )
    script = SETUP.format(names=list(compiled_names(into / PACKAGE.name)))
    (into / "setup.py").write_text(script, encoding="utf-8")
    # Else mypy takes the sources that are first on the path for those of the copy.
    clean = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    run(
        [sys.executable, "setup.py", "--quiet", "build_ext", "--inplace"],
        cwd=into,
        check=True,
        env=clean | {"MYPYPATH": str(into)},
    )
    shutil.rmtree(into / "build")
    (into / "setup.py").unlink()


def main() -> None:
    """Build it where the command line says."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--into", type=Path, default=Path("build/compiled"))
    build(parser.parse_args().into.resolve())


if __name__ == "__main__":
    main()
