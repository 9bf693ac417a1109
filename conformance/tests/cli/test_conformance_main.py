"""How the suite is reached from Python: as a command, and by what it exports."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import memslot_conformance
from memslot_conformance.adapter import machine, protocols, ranges, readers
from memslot_conformance.adapter.capabilities import METHODS
from memslot_conformance.cli.chosen import Chosen
from memslot_conformance.cli.command import main

ROOT = Path(__file__).parents[3]

HEAVY = ("click", "greenlet", "hypothesis", "pytest", "rich")
"""What nobody pays for who writes an adapter."""

LOADED = "import sys; print(*sys.modules, sep='\\n')"

BEFORE_A_CHOICE = frozenset({"click", "memslot_conformance", "memslot_spec"})
"""The packages beyond Python's own that are there before a command is chosen."""

OF_THE_SPEC = frozenset(
    {"memslot_spec", "memslot_spec.compiled", "memslot_spec.on_demand"}
)
"""What of the specification is there then: not one clause, and no judge."""


def python(*words: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, *words)
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("module", ["memslots", "memslot_conformance"])
def test_the_command_is_there_without_its_script(module: str) -> None:
    told = python("-m", module, "--help")
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith("Usage: memslots ")
    refused = python("-m", module, "no-such-command")
    assert refused.returncode == 2


def test_the_wheel_has_every_package() -> None:
    read = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    shipped = read["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    there = (path.parent for path in ROOT.glob("*/memslot*/__init__.py"))
    assert set(shipped) == {path.relative_to(ROOT).as_posix() for path in there}


def test_every_protocol_of_an_adapter_is_exported() -> None:
    defined = {
        name
        for module in (protocols, readers, machine, ranges)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
    }
    of_hypothesis = {"machine", "BrokenClauseError", "BrokenTargetError"}
    exported = set(memslot_conformance.__all__)
    assert defined | {"Make"} | of_hypothesis == exported


def test_every_operation_has_a_method_in_a_protocol() -> None:
    exported = (getattr(memslot_conformance, n) for n in memslot_conformance.__all__)
    methods = {name for protocol in exported for name in dir(protocol)}
    assert set(METHODS.values()) <= methods


def test_an_adapter_imports_no_machinery() -> None:
    told = python("-c", f"import memslot_conformance as suite; suite.Make\n{LOADED}")
    assert told.returncode == 0, told.stderr
    loaded = told.stdout.split()
    assert "memslot_conformance.adapter.protocols" in loaded
    assert not set(HEAVY).intersection(loaded)


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_nothing_is_imported_before_a_command_is_chosen(option: str) -> None:
    told = python(
        "-c",
        "import sys; before = set(sys.modules)\n"
        "from memslot_conformance.cli import main\n"
        f"sys.argv = ['memslots', {option!r}]\n"
        "try: main()\n"
        "finally: print('loaded', *(set(sys.modules) - before), sep='\\n')",
    )
    assert told.returncode == 0, told.stderr
    loaded = told.stdout.partition("loaded\n")[2].split()
    assert "memslot_conformance.cli.command" in loaded
    foreign = {name.partition(".")[0] for name in loaded} - sys.stdlib_module_names
    assert foreign <= BEFORE_A_CHOICE
    ours = {name for name in loaded if name.partition(".")[0] == "memslot_spec"}
    assert ours - {"memslot_spec.judging"} <= OF_THE_SPEC


@pytest.mark.parametrize("name", main.commands)
def test_a_command_is_listed_as_it_says_itself(name: str) -> None:
    listed = main.commands[name]
    assert isinstance(listed, Chosen)
    itself = listed.itself()
    assert itself.name == name
    assert listed.get_short_help_str(1000) == itself.get_short_help_str(1000)
