"""How soon races that are planted in a threaded table are found, idle and loaded.

    python conformance/benchmarks/threads.py [SEEDS] [LOOPS]

Each of the seven planted tables is checked with so many seeds (3), first as the machine
is, and then beside so many processes (6) that do nothing but count. Told are the
seconds from the start of the command to its end, of a run that ends at the first
finding: what was found, of how many operations, how often it came again, and after how
many seconds it was met. The table without a bug is checked as long, and is not to be
accused.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

ROOT = Path(__file__).parents[2]
FOLDERS = (ROOT / "docs/examples", Path(__file__).parent / "threads")
PLANTED = (
    *("NoReadLock", "EditsInPlace", "NoWait", "NoUpdateLock"),
    *("TornPair", "FillsOutside", "KeepsLock"),
)
SOUND = "py:threaded_table:make"
SECONDS = 20
"""What a run may take before it is told that nothing was found."""


@contextmanager
def busy(loops: int) -> Generator[None]:
    """So many processes that take what they get of the processors."""
    command = [sys.executable, "-c", "while True: pass"]
    running = [subprocess.Popen(command) for _ in range(loops)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def checked(target: str, seed: int) -> tuple[float, int, str]:
    """Check a target to its first finding: seconds, status, and what was found."""
    path = os.pathsep.join([*map(str, FOLDERS), os.environ.get("PYTHONPATH", "")])
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "memslot_conformance", "check", target]
        command += ["--first", "--seed", str(seed), "--max-time", str(SECONDS)]
        began = perf_counter()
        ended = subprocess.run(
            [*command, "--report-dir", folder],
            check=False,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": path},
            capture_output=True,
        )
        seconds = perf_counter() - began
        lines = Path(folder, "report.ndjson").read_text(encoding="utf-8").splitlines()
    return seconds, ended.returncode, found_in([json.loads(line) for line in lines])


def found_in(records: Sequence[dict[str, Any]]) -> str:
    """The last that was said of the first finding, or how the target broke."""
    words = ""
    for record in records:
        if record.get("record") == "Found":
            words = f"{record['clause']} in {record['operations']} operations"
            if record.get("replays"):
                came = record.get("came_again", 0)
                words += f", again {came} of {record['replays']}"
            words += f", met after {record['seconds']:.1f} s"
        elif record.get("record") == "TargetFailed" and not words:
            words = str(record["what"]).rstrip().splitlines()[-1]
    return words


def measure(seeds: int, loops: int) -> None:
    """A line for each run."""
    targets = [f"py:planted_threads:{name}" for name in PLANTED]
    with busy(loops):
        for target in (*targets, SOUND):
            for seed in range(1, seeds + 1):
                seconds, status, what = checked(target, seed)
                beside = f"beside {loops}" if loops else "idle"
                name = target.split(":")[-1] if target != SOUND else "sound"
                print(
                    f"{beside:9} {name:13} seed {seed}  {seconds:5.1f} s  "
                    f"exit {status}  {what}",
                    flush=True,
                )


def main() -> None:
    """Idle first, then loaded."""
    numbers = [int(word) for word in sys.argv[1:]]
    seeds, loops = (*numbers, *(3, 6)[len(numbers) :])
    measure(seeds, 0)
    measure(seeds, loops)


if __name__ == "__main__":
    main()
