"""Every contract in the specification is proved: CrossHair confirms each `post:`.

CrossHair ends with success also where it only failed to find a counterexample, so
what counts here is a confirmation reported at the very line of each condition. The
functions are those of `memslot_spec.proofs`, which says what clauses rest on them.
"""

import ast
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from pathlib import Path

import pytest

import memslot_spec
from memslot_spec.arithmetic.ranges import overlaps
from memslot_spec.arithmetic.slot_word import as_id_of, id_of
from memslot_spec.clauses import CLAUSES
from memslot_spec.judging.applies import not_applicable
from memslot_spec.model.updates import met_by, target_of
from memslot_spec.model.values import EMPTY, Slot
from memslot_spec.proofs import (
    CONDITION_SECONDS,
    CONFIRMED,
    CONTRACTS,
    asked_by,
    rests_on,
)

PACKAGE = Path(memslot_spec.__file__).parent
ARITHMETIC = ("byte_ranges", "ranges", "sizing", "slot_word")
"""The modules of which every public function must have a contract."""

CONDITION = re.compile(r"\s*post(\[.*\])?:\s*(?P<text>.*)")
REPORT = re.compile(r"(?P<path>.+):(?P<line>\d+): \w+: (?P<message>.*)")


@dataclass(frozen=True, slots=True)
class Condition:
    """One `post:` line: where it is, whose it is, and what it says."""

    function: str
    line: int
    text: str


def functions_of(path: Path) -> Iterator[ast.FunctionDef]:
    """Every function of a module, methods and nested ones too."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def conditions_of(path: Path) -> list[Condition]:
    """Every `post:` line in the docstrings of a module's functions."""
    source = path.read_text(encoding="utf-8").splitlines()
    found: list[Condition] = []
    for function in functions_of(path):
        if ast.get_docstring(function) is None:
            continue
        docstring = function.body[0]
        found += [
            Condition(function.name, line, match["text"])
            for line in range(docstring.lineno, (docstring.end_lineno or 0) + 1)
            if (match := CONDITION.match(source[line - 1]))
        ]
    return found


def without_contract(path: Path) -> list[str]:
    """The public functions of a module that promise nothing."""
    promised = {condition.function for condition in conditions_of(path)}
    return [
        function.name
        for function in functions_of(path)
        if not function.name.startswith("_") and function.name not in promised
    ]


def module_name(path: Path, root: Path) -> str:
    """The name under which a file is imported when `root` is on the path."""
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def crosshair_report(module: str, root: Path, *options: str) -> str:
    """All that CrossHair says about one module, which `root` holds."""
    paths = [str(root), os.environ.get("PYTHONPATH", "")]
    command = [sys.executable, "-m", "crosshair", "check", module]
    command += ["--analysis_kind=PEP316", "--report_all"]
    command += [f"--per_condition_timeout={CONDITION_SECONDS}", *options]
    ended = subprocess.run(
        command,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))},
    )
    return ended.stdout + ended.stderr


def unproved(path: Path, root: Path, *options: str) -> list[str]:
    """What CrossHair does not confirm of a module's contracts, a line each.

    Empty when it confirms every condition and complains of nothing else.
    """
    report = crosshair_report(module_name(path, root), root, *options)
    messages: dict[int, str] = {}
    complaints: list[str] = []
    for line in filter(None, report.splitlines()):
        match = REPORT.match(line)
        if match and Path(match["path"]).name == path.name:
            messages[int(match["line"])] = match["message"]
        else:
            complaints.append(f"{path.name}: {line}")
    for condition in conditions_of(path):
        message = messages.pop(condition.line, "no report")
        if message != CONFIRMED:
            complaints.append(f"{condition.function}: {condition.text}: {message}")
    complaints += [
        f"{path.name}:{line}: {message}"
        for line, message in messages.items()
        if message != CONFIRMED
    ]
    return complaints


def module_path(name: str) -> Path:
    """The file of a module of the specification."""
    return PACKAGE.joinpath(*name.split(".")[1:]).with_suffix(".py")


def promised_in(path: Path) -> dict[str, tuple[str, ...]]:
    """The functions of a module that promise something, with what they promise."""
    promised: dict[str, tuple[str, ...]] = {}
    for condition in conditions_of(path):
        name = f"{path.stem}.{condition.function}"
        promised[name] = (*promised.get(name, ()), condition.text)
    return promised


def called_in_the_specification() -> set[str]:
    """The names of all functions that some module calls or refers to."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in _judging()]
    return {
        node.func.id
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }


def _judging() -> Iterator[Path]:
    """The modules that have no contracts: those that judge."""
    return (path for path in PACKAGE.rglob("*.py") if not conditions_of(path))


def test_every_contract_is_evidence_and_the_reverse() -> None:
    promised: dict[str, tuple[str, ...]] = {}
    for path in PACKAGE.rglob("*.py"):
        promised |= promised_in(path)
    assert promised == {contract.name: contract.promises for contract in CONTRACTS}


def test_contracts_say_for_which_arguments_they_hold() -> None:
    assert [c.name for c in CONTRACTS if not c.bounds] == []


def test_clauses_that_rest_on_a_function_exist() -> None:
    known = {clause.id for clause in CLAUSES}
    named = {name for contract in CONTRACTS for name in contract.clauses}
    assert named - known == set()
    assert {c.name for c in rests_on("REQ-4")} == {"ranges.wraps"}
    assert [c.name for c in CONTRACTS if len(set(c.clauses)) != len(c.clauses)] == []


def test_what_clauses_rest_on_is_called_where_they_are_judged() -> None:
    called = called_in_the_specification()
    resting = {c.function.__name__ for c in CONTRACTS if c.clauses}
    assert resting - called == set()


def meets_a_slot(slot: Slot, gfn: int) -> bool:
    """Asks in a nested function, by way of a method of the slot."""
    return any(slot.meets(other, 1) for other in (gfn, gfn + 1))


def test_what_a_predicate_asks_is_found_in_its_code() -> None:
    assert asked_by(target_of) == {as_id_of, id_of}
    assert asked_by(Slot.meets) == {overlaps}
    assert asked_by(partial(met_by, EMPTY)) == asked_by(met_by) > {overlaps}
    assert asked_by(not_applicable) == set()
    assert asked_by(meets_a_slot) == set(), "it is no part of the specification"
    assert asked_by(partial(target_of, EMPTY)) == {as_id_of, id_of}
    assert {c.name for c in rests_on("SLOT-6")} == {"ranges.overlaps"}
    assert {c.name for c in rests_on("RMAP-3")} == {"ranges.rmap_index"}
    assert "bitmaps.may_clear" in {c.name for c in rests_on("DIRTY-15")}
    assert "bitmaps.may_clear" not in {c.name for c in rests_on("DIRTY-11")}
    assert rests_on("SRCU-2") == ()


def test_what_is_found_in_the_code_is_not_listed_again() -> None:
    predicates = {c.id: (c.premise, c.holds) for c in CLAUSES}
    for contract in CONTRACTS:
        for clause in contract.clauses:
            asked = [asked_by(predicate) for predicate in predicates[clause]]
            assert not any(contract.function in of for of in asked), clause


def test_every_contract_is_confirmed() -> None:
    modules = sorted({module_path(contract.module) for contract in CONTRACTS})
    assert {path.stem for path in modules} >= set(ARITHMETIC)
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = list(pool.map(unproved, modules, repeat(PACKAGE.parent)))
    assert not [line for lines in complaints for line in lines]


@pytest.mark.parametrize("module", ARITHMETIC)
def test_every_arithmetic_function_has_a_contract(module: str) -> None:
    assert not without_contract(PACKAGE / "arithmetic" / f"{module}.py")


def planted(tmp_path: Path, name: str, contract: list[str], result: str) -> Path:
    """A module of one function, which promises `contract` and returns `result`."""
    lines = ["def promise(a: int, b: int) -> int:", '    """Answer.', ""]
    lines += [f"    {line}" for line in contract]
    lines += ['    """', f"    return {result}", ""]
    path = tmp_path / f"{name}.py"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_refuses_a_wrong_contract(tmp_path: Path) -> None:
    contract = ["post: _ > a", "post: _ == a + b"]
    path = planted(tmp_path, "planted_wrong", contract, "a + b")
    (complaint,) = unproved(path, tmp_path)
    assert complaint.startswith("promise: _ > a: false when calling promise(")


def test_refuses_an_unconfirmed_contract(tmp_path: Path) -> None:
    # A bitwise or of two unknowns is beyond CrossHair, true as the promise is.
    contract = [
        "pre: 0 <= a < 65536",
        "pre: 0 <= b < 65536",
        "post: _ == a * 65536 + b",
    ]
    path = planted(tmp_path, "planted_unconfirmed", contract, "a << 16 | b")
    few = "--max_uninteresting_iterations=5"
    assert unproved(path, tmp_path, few) == [
        "promise: _ == a * 65536 + b: Not confirmed."
    ]


def test_refuses_a_contract_that_no_argument_meets(tmp_path: Path) -> None:
    contract = ["pre: a < 0 < a", "post: _ == 7"]
    path = planted(tmp_path, "planted_vacuous", contract, "a + b")
    assert unproved(path, tmp_path) == [
        "promise: _ == 7: no report",
        "planted_vacuous.py:4: Unable to meet precondition.",
    ]


def test_refuses_a_module_that_cannot_be_imported(tmp_path: Path) -> None:
    path = planted(tmp_path, "planted_broken", ["post: _ == a"], "a\n\nraise OSError")
    assert "promise: _ == a: no report" in unproved(path, tmp_path)


def test_finds_a_function_without_a_contract(tmp_path: Path) -> None:
    path = planted(tmp_path, "planted_silent", ["pre: a > b"], "a + b")
    assert without_contract(path) == ["promise"]
