"""Whether what is planted in the tables of this folder is found, and the whole passes.

Each table is checked so many times, of so many seconds and a seed each, on the threads
of the machine and stepped. Printed is in how many of them it was found, by which
clauses. The status is 1 where one without a bug was accused.

    python conformance/elsewhere/elsewhere_runs.py --runs 10 --seconds 10
"""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp

from elsewhere_tables import TABLES, built, missing

FAIL = re.compile(r"^FAIL (\S+)", re.MULTILINE)
CONFORMS, BREAKS, INCONCLUSIVE = 0, 1, 4

NONE = "NONE"
"""What is planted in a table that is whole."""

STEPPED, THREADS = "fixed,sampled", "sampled"
"""Layers that race: by schedules, and as often as may be."""


def run(target: str, seed: int, seconds: float, folder: str) -> tuple[int, set[str]]:
    """The status of one check, and the clauses that it found broken."""
    command = [sys.executable, "-m", "memslot_conformance", "check", target]
    layers = THREADS if target.endswith("_threads") else STEPPED
    command += ["--seed", str(seed), "--max-time", str(seconds), "--layers", layers]
    new_folder = Path(mkdtemp(dir=folder)) / "report"
    ended = subprocess.run(
        [*command, "-x", "--report-dir", str(new_folder)],
        capture_output=True,
        check=False,
        text=True,
    )
    return ended.returncode, set(FAIL.findall(ended.stdout))


def main() -> None:
    """Print a line for each table, each bug, and each way of running it."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--tables", nargs="+", default=["liburcu", "srcu"])
    parser.add_argument("--planted", nargs="+")
    parser.add_argument("--exports", nargs="+")
    parser.add_argument("--runs", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0)
    options = parser.parse_args()
    accused = False
    for name in options.tables:
        table = TABLES[name]
        lacking = missing(table)
        if lacking is not None:
            print(lacking)
            continue
        with TemporaryDirectory() as folder:
            for planted in options.planted or (NONE, *table.planted):
                bug = "" if planted == NONE else planted
                library = built(table, Path(folder), bug)
                for symbol in options.exports or table.exports:
                    found, others = 0, Counter[int]()
                    clauses = Counter[str]()
                    for seed in range(1, options.runs + 1):
                        target = f"c:{library}:{symbol}"
                        status, told = run(target, seed, options.seconds, folder)
                        found += status == BREAKS
                        others[status] += 1
                        clauses.update(told)
                    accused |= not bug and found > 0
                    said = ", ".join(f"{c} {n}" for c, n in clauses.most_common())
                    print(
                        f"{name:<10}{planted:<17}{symbol:<18}"
                        f"found in {found} of {options.runs}  {said}  "
                        f"status {dict(others)}",
                        flush=True,
                    )
    sys.exit(accused)


if __name__ == "__main__":
    main()
