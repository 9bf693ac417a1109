"""Copies of the working tree, to change something in and run tests on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import copytree, ignore_patterns, rmtree
from tempfile import TemporaryDirectory
from time import monotonic

ROOT = Path(__file__).parents[2]

LEFT_OUT = ignore_patterns(
    *(".git", ".venv", "__pycache__", ".*_cache", ".hypothesis"),
    *("_build", ".memslots-cache", "mutants"),
)

PATHS = ("spec", "spec/tests", "reference", "reference/tests", "conformance")


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended: its exit status, None where it was stopped."""

    status: int | None
    seconds: float
    output: str


@dataclass(frozen=True, slots=True)
class Tree:
    """A copy that nobody else uses."""

    root: Path

    @contextmanager
    def changed(self, path: str, content: bytes) -> Generator[None]:
        """A file of the copy with another content, for as long as it takes."""
        file = self.root / path
        kept = file.read_bytes()
        file.write_bytes(content)
        try:
            yield
        finally:
            file.write_bytes(kept)
            # What Hypothesis found of one change is nothing to begin another with.
            rmtree(self.root / ".hypothesis", ignore_errors=True)

    def run(self, command: Sequence[str], seconds: float) -> Ran:
        """Run a command, and stop it with all that it started after so long."""
        began = monotonic()
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(str(self.root / path) for path in PATHS),
            "PYTHONDONTWRITEBYTECODE": "1",
        }
        with subprocess.Popen(
            command,
            cwd=self.root,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        ) as process:
            try:
                output, _ = process.communicate(timeout=seconds)
                status: int | None = process.returncode
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                output, _ = process.communicate()
                status = None
        return Ran(status, monotonic() - began, output)


@contextmanager
def copied(root: Path = ROOT) -> Generator[Tree]:
    """A copy of the working tree as it is now, what is not committed with it."""
    with TemporaryDirectory(prefix="memslots-") as folder:
        place = Path(folder) / "tree"
        copytree(root, place, ignore=LEFT_OUT)
        yield Tree(place)


def python(*arguments: str) -> tuple[str, ...]:
    """This Python with these arguments."""
    return (sys.executable, *arguments)
