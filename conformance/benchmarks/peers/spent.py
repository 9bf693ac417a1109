"""Runs a command, and says how much of the processor it and all its children spent.

    python spent.py SECONDS COMMAND...

Children of children count too, also where their parent is gone before them: a worker
that a server of workers has started is nobody's child in the end. What it prints is a
line of JSON: the status, the seconds, and what the command printed.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
from resource import RUSAGE_CHILDREN, getrusage
from tempfile import TemporaryFile

PR_SET_CHILD_SUBREAPER = 36


def main(seconds: float, command: list[str]) -> None:
    """Run it, for so long by the clock at most."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    with TemporaryFile() as out:
        started = subprocess.Popen(
            command, stdout=out, stderr=subprocess.DEVNULL, start_new_session=True
        )
        try:
            status = started.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            status = started.wait()
        _wait_for_the_rest()
        out.seek(0)
        printed = out.read().decode(errors="replace")
    usage = getrusage(RUSAGE_CHILDREN)
    spent = usage.ru_utime + usage.ru_stime
    print(json.dumps({"status": status, "seconds": spent, "printed": printed}))


def _wait_for_the_rest() -> None:
    """Those that were left to this process."""
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2:])
