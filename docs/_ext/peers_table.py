"""What other tools made of one small job, as `benchmarks/peers.py` last measured it."""

from __future__ import annotations

import json
from pathlib import Path
from statistics import median
from typing import NotRequired, TypedDict

MEASURED = (
    Path(__file__).parents[2] / "conformance" / "benchmarks" / "peers" / "measured.json"
)


class Run(TypedDict):
    """One run of a tool on a table."""

    found: bool
    seconds: float
    operations: int | None
    events: int | None
    what: str


class Tool(TypedDict):
    """A tool; one that is `missing` something was not run."""

    name: str
    lines: int
    missing: NotRequired[str]
    version: NotRequired[str]
    build_seconds: NotRequired[float]
    tables: NotRequired[dict[str, list[Run]]]


class Measured(TypedDict):
    """All that was measured at once."""

    date: str
    python: str
    seeds: int
    seconds: float
    tools: list[Tool]


def measured() -> Measured:
    """Read it. Errors: `ValueError` where it is not what the benchmark writes."""
    read: Measured = json.loads(MEASURED.read_text("utf-8"))
    return read


def peers_tables() -> str:
    """When it was measured, a table of what was found, and one of what it cost."""
    told = measured()
    tools = told["tools"]
    built = [(t["name"], t.get("version")) for t in tools]
    versions = [f"{name} {version}" for name, version in built if version]
    missing = [f"{t['name']} (no {t['missing']})" for t in tools if "missing" in t]
    head = (
        f"Measured on {told['date']} with Python {told['python']}; "
        f"{told['seeds']} seeds, {told['seconds']:g} s for each run."
    )
    more = [f"Built with: {'; '.join(versions)}."] if versions else []
    more += [f"Not run: {', '.join(missing)}."] if missing else []
    return "\n".join((" ".join((head, *more)), "", *_found(tools), "", *_cost(tools)))


def _names(tools: list[Tool]) -> list[str]:
    ran = [tool["tables"] for tool in tools if "tables" in tool]
    return list(ran[0]) if ran else []


def _found(tools: list[Tool]) -> list[str]:
    """A row for each table: seeds that found, seconds, operations and events."""
    lines = [_row(["table", *(tool["name"] for tool in tools)])]
    lines.append(_row(["---"] * (1 + len(tools))))
    lines += [
        _row([f"`{name}`", *(_cell(tool, name) for tool in tools)])
        for name in _names(tools)
    ]
    return lines


def _cell(tool: Tool, name: str) -> str:
    if "tables" not in tool:
        return "not run"
    runs = tool["tables"][name]
    found = [run for run in runs if run["found"]]
    if not found:
        return f"0 of {len(runs)}"
    seconds = median(run["seconds"] for run in found)
    operations = median(run["operations"] or 0 for run in found)
    events = median(run["events"] or 0 for run in found)
    return (
        f"{len(found)} of {len(runs)}: {seconds:.2f} s, "
        f"{operations:,.0f} op, {events:,.0f} ev"
    )


def _cost(tools: list[Tool]) -> list[str]:
    """A row for each tool: its lines, building, and bugs found by every seed."""
    heads = ["tool", "lines of harness", "to build, s", "bugs by any seed", "by every"]
    lines = [_row(heads), _row(["---"] * len(heads))]
    for tool in tools:
        cells = [tool["name"], str(tool["lines"])]
        if "tables" not in tool:
            lines.append(_row([*cells, "-", "not run", "not run"]))
            continue
        planted = [runs for name, runs in tool["tables"].items() if name != "sound"]
        some = sum(any(run["found"] for run in runs) for runs in planted)
        every = sum(all(run["found"] for run in runs) for runs in planted)
        build = tool.get("build_seconds")
        cells += [f"{build:.1f}" if build else "-", str(some), str(every)]
        lines.append(_row(cells))
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
