"""Other tools on one small job: a slot table with eight planted bugs, and without.

Each tool of `peers/` is run on each table with each seed: found or not, seconds of the
processor for all that it started, and the size of the failure that it hands over. What
is not installed is not run. The results are kept in `peers/measured.json`, which the
book shows. The status is 1 where a tool accuses the table without a bug.

    python conformance/benchmarks/peers.py [--seeds 5] [--seconds 3] [--tools NAME ...]
"""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from platform import python_version
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent / "peers"
sys.path.insert(0, str(HERE))

from peer_runs import TABLES, TOOLS, Run, Tool, prepared, run, spent  # noqa: E402

MEASURED = HERE / "measured.json"


def measure(tool: Tool, seeds: int, seconds: float, jobs: int) -> dict[str, object]:
    """What one tool makes of each table."""
    told: dict[str, object] = {"name": tool.name, "lines": tool.lines()}
    missing = tool.missing()
    if missing is not None:
        return {**told, "missing": missing}
    tables: dict[str, list[Run]] = {}
    building: list[float] = []
    # SPIN writes its trail in the folder: one run after the other.
    alone = int(tool.build is not None)
    for table in TABLES:
        with TemporaryDirectory() as name, ThreadPoolExecutor(alone or jobs) as pool:
            building.append(prepared(tool, table, Path(name)))

            def one(seed: int, table: str = table, name: str = name) -> Run:
                return run(tool, table, seed, seconds, Path(name))

            tables[table] = list(pool.map(one, range(1, seeds + 1)))
        found = [r.seconds for r in tables[table] if r.found]
        print(f"{tool.name:<16}{table:<24}{len(found)} of {seeds}  {found}", flush=True)
    version = spent(tool.version, HERE)[2].strip() if tool.version else ""
    return {
        **told,
        "version": version,
        "accused": any(run.found for run in tables["sound"]),
        "build_seconds": sorted(building)[len(building) // 2],
        "tables": {name: [asdict(r) for r in runs] for name, runs in tables.items()},
    }


def main() -> int:
    """Measure, and keep it."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tools", nargs="*", default=[tool.name for tool in TOOLS])
    parser.add_argument("--out", type=Path, default=MEASURED)
    given = parser.parse_args()
    tools = [tool for tool in TOOLS if tool.name in given.tools]
    kept: dict[str, object] = {
        "date": datetime.now(UTC).date().isoformat(),
        "python": python_version(),
        "seeds": given.seeds,
        "seconds": given.seconds,
        "tools": [],
    }
    measured = [measure(t, given.seeds, given.seconds, given.jobs) for t in tools]
    kept["tools"] = measured
    given.out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    return int(any(_accuses(told) for told in measured))


def _accuses(told: dict[str, object]) -> bool:
    return bool(told.get("accused"))


if __name__ == "__main__":
    sys.exit(main())
