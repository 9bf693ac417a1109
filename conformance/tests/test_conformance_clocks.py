"""No test hinges on how fast the machine is: who asks for the time, and who waits.

What is to be cut short is cut by a count, or by a clock that the test holds; a
limit in real seconds is there for what hangs, and so long that nothing else comes
to it. What else looks like one is named here, with the reason.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TESTS = sorted(ROOT.glob("*/tests/**/*.py"))
PRODUCTION = sorted(ROOT.glob("*/memslot_*/**/*.py"))

HANGS = 60
"""Seconds: only what hangs comes to a limit of so many."""

LIMITS = frozenset({"seconds", "grace_seconds", "timeout", "max_time"})
WAITING = frozenset({"acquire", "get", "join", "wait"})
HELD = frozenset({"clock", "wait"})
"""Arguments by which a test hands in what the seconds are counted by."""

RECORDS = frozenset(
    {
        *("Attempt", "Found", "FoundPart", "Detection", "LayerDone", "LayerPart"),
        *("Judged", "Result", "RunFinished", "TargetFinished"),
    }
)
"""Their seconds are told, and bound nothing."""

MAX_TIME = "--max-time"

NAMED = {
    ("toy_workers", "deaths"): "how it hangs, until it is killed",
    ("test_conformance_campaign", "test_a_run_can_be_stopped"): "the same",
    ("faulty_adapters", "Sleeps"): "what is slow and not stuck",
    ("odd_programs", "rest"): "how it is silent, until it is killed",
    ("hostile_programs", "rest"): "how it says no more, until it is killed",
    ("odd_turns", "hang"): "the same",
    ("test_conformance_cli_hostile", "is_gone"): "between two looks at a process",
    (
        "test_conformance_cli_hostile",
        "test_check_judges_the_others_beside_a_hostile_program",
    ): "what it breaks it breaks early, and the other is judged however little",
    ("test_conformance_stdio", "gone"): "between two looks at a process",
    (
        "test_conformance_stdio_odd",
        "test_who_does_not_greet_is_not_waited_for",
    ): "it never greets",
    ("toy_workers", "has_ended"): "between two looks at a process",
    ("part_records", "timeless"): "of a record, which bound nothing",
    ("test_conformance_cli_check", "test_the_time_is_shared_by_the_targets"): (
        "what runs is a stand-in, which shows the plan and takes no time"
    ),
    ("test_conformance_cli", "test_refuses_with_the_value_and_what_there_is"): (
        "it is refused"
    ),
    (
        "test_conformance_diff",
        "test_floating_point_is_found_out_by_calls_though_the_solver_had_no_time",
    ): "no time for the solver; what is drawn then is a number of calls",
    (
        "test_conformance_cli_museum",
        "test_a_mutant_that_had_no_time_has_not_survived",
    ): "a millionth of a second is over before anything can be played",
    ("test_conformance_checking", "test_a_plan_has_all_that_was_asked_for"): (
        "a plan that is shown and not run"
    ),
    (
        "test_conformance_power",
        "test_results_are_kept_and_what_is_in_them_is_not_played_again",
    ): "times that were written down; nothing is played",
    (
        "test_conformance_c_hostile",
        "test_a_hostile_library_takes_nothing_from_another_target",
    ): "what it breaks it breaks at its first request, and it takes no less time",
    ("test_conformance_killer", "test_the_references_survive_unchanged"): (
        "who is right survives however little is played"
    ),
    (
        "test_conformance_killer_lot",
        "test_every_equivalent_is_a_mutant_that_cosmic_ray_still_makes",
    ): "who is right survives however little is played",
    (
        "test_conformance_killer_lot",
        "test_what_was_stopped_is_gone_on_with_and_loses_nothing",
    ): "what came of a mutant is kept, whatever it is",
    ("test_conformance_progress", "test_on_a_terminal_a_bar_moves"): (
        "a plan that is shown and not run"
    ),
    (
        "test_conformance_cli_faults",
        "test_loading_a_target_obeys_the_time_that_was_asked_for",
    ): "what is allowed is noted; what runs is a stand-in, and has the time it needs",
    ("test_conformance_cli_faults", "test_who_ends_the_run_gets_the_report"): (
        "between two looks at a file"
    ),
    ("test_conformance_diff", "test_what_stays_open_is_inconclusive"): (
        "neither the solver nor the drawing ever ends"
    ),
}
"""By module and function, why its seconds are harmless."""


def places(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """The functions of a module that ask for the time or wait for it, and how."""
    for top in tree.body:
        name = top.name if isinstance(top, ast.FunctionDef | ast.ClassDef) else ""
        calls = [node for node in ast.walk(top) if isinstance(node, ast.Call)]
        held = any(k.arg in HELD for call in calls for k in call.keywords)
        for node in ast.walk(top):
            if _names_a_clock(node) or (not held and _is_short(node)):
                yield name, ast.unparse(node)
        if _max_times(top):
            yield name, MAX_TIME


def _names_a_clock(node: ast.AST) -> bool:
    if isinstance(node, ast.ImportFrom):
        return node.module == "time"
    if not isinstance(node, ast.Attribute):
        return False
    of = node.value
    return node.attr == "Timer" or (isinstance(of, ast.Name) and of.id == "time")


def _is_short(node: ast.AST) -> bool:
    """It limits something to less than what only a hang comes to."""
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Name) and function.id in RECORDS:
        return False
    limits = [k.value for k in node.keywords if k.arg in LIMITS]
    if isinstance(function, ast.Attribute) and function.attr in WAITING:
        limits += node.args[:1]
    return any(map(_few_seconds, limits)) or any(
        isinstance(k.value, ast.Constant) and k.value.value is not None
        for k in node.keywords
        if k.arg == "deadline"
    )


def _few_seconds(node: ast.expr) -> bool:
    value = node.value if isinstance(node, ast.Constant) else None
    return isinstance(value, int | float) and not value >= HANGS


def _max_times(top: ast.stmt) -> bool:
    """A command is given less time than what only a hang comes to."""
    words = [
        word
        for node in ast.walk(top)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        for word in node.value.split()
    ]
    return any(
        re.fullmatch(r"[\d.]+", after) and float(after) < HANGS
        for word, after in pairwise(words)
        if word == MAX_TIME
    )


def test_no_test_hinges_on_the_speed_of_the_machine() -> None:
    found = {
        (path.stem, name): what
        for path in TESTS
        for name, what in places(ast.parse(path.read_text(encoding="utf-8")))
    }
    assert {place: what for place, what in found.items() if place not in NAMED} == {}
    assert set(NAMED) == set(found), "what is named is there"


def test_one_module_asks_for_the_time() -> None:
    asking = {
        path.stem: alias.name
        for path in PRODUCTION
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
        if "time" in {alias.name, getattr(node, "module", None)}
    }
    # Isolation waits a moment for a process that it killed to be gone.
    assert asking == {"clock": "monotonic", "isolation": "sleep"}


@pytest.mark.parametrize(
    "line",
    [
        "begun = time.monotonic()",
        "from time import perf_counter",
        "threading.Timer(0.3, stop.set)",
        "event.wait(5)",
        "thread.join(timeout=0.5)",
        "Budget(seconds=1.0)",
        "settings(deadline=200)",
        "memslots('check', '--max-time', '20')",
        "memslots(*'check --max-time 20'.split())",
    ],
)
def test_what_hinges_on_speed_is_seen(line: str) -> None:
    assert [name for name, _ in places(ast.parse(f"def test():\n    {line}"))]


@pytest.mark.parametrize(
    "line",
    [
        "Budget(seconds=600)",
        "Budget(plays=5)",
        "Budget(seconds=1.0, clock=held)",
        "', '.join(words)",
        "settings(deadline=None)",
        "Found(seconds=0.5)",
        "memslots('check', '--max-time', '120')",
    ],
)
def test_what_does_not_is_let_be(line: str) -> None:
    assert not list(places(ast.parse(f"def test():\n    {line}")))
