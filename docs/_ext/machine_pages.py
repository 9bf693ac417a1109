"""What pytest prints of a machine that finds something, when the book is built."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from kept_results import PACKAGES, ROOT, kept

EXAMPLE = ROOT / "docs/examples/machine_of_overlaps.py"

INSTALLED = re.compile(r"\S*/site-packages/")
"""Where Hypothesis lies on the machine that builds the book."""

SECONDS = re.compile(r"in \d[\d.]*s( \([\d:]+\))?")


def machine_failure() -> str:
    """A failure as pytest prints it: found, made small and printed here and now.

    Errors: `ValueError` where nothing is found.
    """
    text = kept("pytest", EXAMPLE.read_text("utf-8"), _printed, shown=True)
    return f"~~~~none\n{text}\n~~~~"


def _printed() -> str:
    """The lines of one run, without what differs from machine to machine."""
    paths = [
        str(Path(each).parent) for package in PACKAGES for each in package.__path__
    ]
    with tempfile.TemporaryDirectory() as folder:
        ran = subprocess.run(  # noqa: S603 - the command is spelled out
            [
                sys.executable,
                *("-m", "pytest", "-q", "-p", "no:cacheprovider", "--color=no"),
                *(f"--rootdir={EXAMPLE.parent}", "-c", os.devnull, EXAMPLE.name),
            ],
            cwd=EXAMPLE.parent,
            env={
                **os.environ,
                "PYTHONPATH": os.pathsep.join(paths),
                "PYTHONDONTWRITEBYTECODE": "1",
                "HYPOTHESIS_STORAGE_DIRECTORY": folder,
                "COLUMNS": "92",
            },
            capture_output=True,
            text=True,
            check=False,
        )
    if ran.returncode != 1:
        message = f"pytest ended with {ran.returncode}: {ran.stdout}{ran.stderr}"
        raise ValueError(message)
    return SECONDS.sub("in a moment", INSTALLED.sub("", ran.stdout)).rstrip()
