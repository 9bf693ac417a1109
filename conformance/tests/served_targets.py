"""Python adapters as programs: the same adapter, here and at the end of a pipe."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import served_adapter

HERE = Path(__file__).parent
EXAMPLES = HERE.parents[1] / "docs/examples"


def served(path: str, *profile: str) -> str:
    """The target that this adapter is when it is asked over lines."""
    paths = os.pathsep.join([str(HERE), str(EXAMPLES), *filter(None, sys.path)])
    words = ["env", f"PYTHONPATH={paths}", sys.executable, served_adapter.__file__]
    return f"cmd:{shlex.join([*words, path, *profile])}"
