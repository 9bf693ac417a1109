"""How each tool is run on one table, and how what it found is read.

A tool is built once for each table, where it has to be, and then run with each seed.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from shutil import which

from slot_table import BUGS

HERE = Path(__file__).parent
TABLES = ("sound", *BUGS)
CLOCK = 120
"""Seconds by the clock after which a run is killed."""


@dataclass(frozen=True)
class Run:
    """One run: found or not, seconds of the processor, and the failure's size."""

    found: bool
    seconds: float
    operations: int | None = None
    events: int | None = None
    what: str = ""


Read = Callable[[str, Path], tuple[str, int, int] | None]


@dataclass(frozen=True)
class Tool:
    """`files` are its harness; `needs` the program without which it is not run."""

    name: str
    files: tuple[str, ...]
    run: Callable[[str, int, float, Path], list[str]]
    needs: str | None = None
    build: Callable[[str, Path], list[list[str]]] | None = None
    version: tuple[str, ...] = ()

    def lines(self) -> int:
        """Lines of its harness, with what it shares with others, without the table."""
        return sum(len((HERE / f).read_text("utf-8").splitlines()) for f in self.files)

    def missing(self) -> str | None:
        """What is not installed, of what it needs."""
        if self.needs is None or Path(self.needs).exists() or which(self.needs):
            return None
        return Path(self.needs).stem


def _script(name: str) -> Callable[[str, int, float, Path], list[str]]:
    def command(table: str, seed: int, seconds: float, folder: Path) -> list[str]:
        del folder
        return [sys.executable, f"{name}.py", table, str(seed), str(seconds)]

    return command


def _memslots(table: str, seed: int, seconds: float, folder: Path) -> list[str]:
    # Its limit is by the clock, and not by the processor.
    target = f"py:memslots_adapter:{table}"
    command = [sys.executable, "-m", "memslot_conformance", "check", target, "-x"]
    report = folder / f"report-{table}-{seed}"
    given = ["--seed", str(seed), "--max-time", str(2 * seconds)]
    return [*command, *given, "--report-dir", str(report)]


def _built(table: str, seed: int, seconds: float, folder: Path) -> list[str]:
    return [str(folder / table), str(seed), str(seconds)]


def _bug(table: str) -> str:
    return f"-DBUG={TABLES.index(table)}"


def _compile(file: str, *options: str) -> Callable[[str, Path], list[list[str]]]:
    def build(table: str, folder: Path) -> list[list[str]]:
        out = ["-o", str(folder / table)]
        always = ["g++", "-std=c++17", "-O1", "-w", *options]
        return [[*always, _bug(table), str(HERE / file), *out]]

    return build


def _build_spin(table: str, folder: Path) -> list[list[str]]:
    model = str(HERE / "slot_table.pml")
    safe = ["-O1", "-w", "-DSAFETY", "-DCOLLAPSE", "-DMEMLIM=2000"]
    random = ["-DT_RAND", "-DP_RAND"]
    bounds = ["-DUPDATES=3", "-DLOOKS=2"]
    return [
        ["spin", _bug(table), *bounds, "-a", model],
        ["gcc", *safe, *random, "pan.c", "-o", str(folder / table)],
    ]


def _spin(table: str, seed: int, seconds: float, folder: Path) -> list[str]:
    limited = f'ulimit -t {round(seconds)}; "$0" -m100000 -RS{seed}; '
    replay = "spin -DUPDATES=3 -DLOOKS=2 {} -t -k slot_table.pml.trail {}"
    model = HERE / "slot_table.pml"
    shown = f"test -e slot_table.pml.trail && {replay.format(_bug(table), model)}"
    script = f"rm -f slot_table.pml.trail; {limited}{shown}"
    return ["sh", "-c", script, str(folder / table)]


SHARED = ("slot_model.py", "told.py")
CPLUSPLUS = ("slot_model.hpp",)
RELACY = "/usr/include/relacy/relacy.hpp"

TOOLS = (
    Tool("memslots", ("memslots_adapter.py",), _memslots),
    Tool(
        "Hypothesis", ("hypothesis_machine.py", *SHARED), _script("hypothesis_machine")
    ),
    Tool("random walk", ("random_walk.py", *SHARED), _script("random_walk")),
    Tool("thread stress", ("thread_stress.py", *SHARED), _script("thread_stress")),
    Tool("SPIN", ("slot_table.pml",), _spin, "spin", _build_spin, ("spin", "-V")),
    Tool(
        "Relacy",
        ("relacy.cpp", *CPLUSPLUS),
        _built,
        RELACY,
        _compile("relacy.cpp", "-fno-sized-deallocation"),
    ),
    Tool(
        "ThreadSanitizer",
        ("thread_sanitizer.cpp", *CPLUSPLUS),
        _built,
        "g++",
        _compile("thread_sanitizer.cpp", "-fsanitize=thread"),
        ("g++", "-dumpfullversion"),
    ),
)


def spent(command: Sequence[str], cwd: Path) -> tuple[int, float, str]:
    """Run it: its status, seconds of the processor, and what it printed."""
    run = [sys.executable, str(HERE / "spent.py"), str(CLOCK), *command]
    done = subprocess.run(run, cwd=cwd, check=True, capture_output=True)
    told = json.loads(done.stdout)
    return told["status"], told["seconds"], told["printed"]


def prepared(tool: Tool, table: str, folder: Path) -> float:
    """Build it: seconds of the processor. Errors: `RuntimeError` with the command."""
    if tool.build is None:
        return 0.0
    total = 0.0
    for command in tool.build(table, folder):
        status, seconds, printed = spent(command, folder)
        total += seconds
        if status:
            message = f"{' '.join(command)}: {printed}"
            raise RuntimeError(message)
    return total


def run(tool: Tool, table: str, seed: int, seconds: float, folder: Path) -> Run:
    """Run it once. Errors: `RuntimeError` where it says nothing that can be read."""
    cwd = HERE if tool.build is None else folder
    status, taken, printed = spent(tool.run(table, seed, seconds, folder), cwd)
    if tool.name == "memslots":
        return _of_memslots(status, taken, folder / f"report-{table}-{seed}")
    if tool.name == "SPIN":
        return _of_spin(taken, printed)
    lines = printed.splitlines()
    if not lines:
        message = f"{tool.name} on {table}, seed {seed}: status {status}, nothing said"
        raise RuntimeError(message)
    told = json.loads(lines[0])
    if told is None:
        return Run(found=False, seconds=taken)
    return Run(True, taken, told["operations"], told["events"], told["what"])  # noqa: FBT003


def _of_memslots(status: int, taken: float, report: Path) -> Run:
    if status not in {0, 1, 4}:
        message = f"memslots ended with {status}"
        raise RuntimeError(message)
    lines = (report / "report.ndjson").read_text("utf-8").splitlines()[1:]
    found = [r for r in map(json.loads, lines) if r["record"] == "Found"]
    if not found:
        return Run(found=False, seconds=taken)
    small = found[-1]
    kinds = [event["e"] for event in small["history"]["events"]]
    kinds = kinds[: small["step"] + 1]
    events = len(kinds) - kinds.count("Observed")
    return Run(True, taken, kinds.count("Call"), events, small["clause"])  # noqa: FBT003


def _of_spin(taken: float, printed: str) -> Run:
    if "assertion violated" not in printed:
        return Run(found=False, seconds=taken)
    said = [line.strip() for line in printed.splitlines()]
    operations, events = said.count("operation"), said.count("event")
    return Run(True, taken, operations, events, "assertion")  # noqa: FBT003
