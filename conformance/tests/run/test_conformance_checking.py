"""A check: which targets it finds, what it plans for them, and how to ask again."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from command_line import NO_KERNEL, go_into
from memslot_conformance.findings.plan import TargetPlan
from memslot_conformance.findings.records import (
    TargetFailed,
    TargetSkipped,
)
from memslot_conformance.run.checking import NOT_IN_PROCESS, look_for
from memslot_conformance.run.planning import plans_of, stays_here
from memslot_conformance.run.request import CheckRequest, Present
from memslot_conformance.targets.probe import NoSuchTargetError
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.header import Interleaving

CLAUSES = (clause_by_id("REQ-1"), clause_by_id("SRCU-8"))

REQUEST = CheckRequest(
    targets=("reference",),
    profile=None,
    level="quick",
    seed=7,
    clauses=CLAUSES,
    layers=("fixed",),
    max_time=None,
    jobs=1,
    report_dir=None,
)

SOUND, RAISES = "py:odd_adapters:Sound", "py:odd_adapters:not_whole"


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go_into(tmp_path, monkeypatch)


def asking(*targets: str) -> CheckRequest:
    return replace(REQUEST, targets=targets)


def test_what_is_not_asked_for_is_left_off() -> None:
    assert (REQUEST.strict, REQUEST.blind, REQUEST.verbose) == (False, False, False)
    assert REQUEST.engine == "seeded"
    assert REQUEST.options == ()


@pytest.mark.parametrize(
    ("asked", "command"),
    [
        (REQUEST, "memslots check reference --level quick --seed 7"),
        (asking(), "memslots check --level quick --seed 7"),
        (asking("patch", "kvm"), "memslots check patch kvm --level quick --seed 7"),
        (
            replace(REQUEST, level="deep", seed=0),
            "memslots check reference --level deep --seed 0",
        ),
        (
            replace(REQUEST, options=("--layers", "fixed", "--blind")),
            "memslots check reference --layers fixed --blind --level quick --seed 7",
        ),
        (
            replace(asking("py:a b:c"), options=("--clauses", "SRCU-*")),
            "memslots check 'py:a b:c' --clauses 'SRCU-*' --level quick --seed 7",
        ),
    ],
)
def test_the_command_asks_for_the_same_again(asked: CheckRequest, command: str) -> None:
    assert asked.command == command
    words = shlex.split(command)
    assert words[2 : 2 + len(asked.targets)] == list(asked.targets)


def test_without_a_name_the_references_and_the_kernel_are_looked_for() -> None:
    present = look_for(asking())
    assert present.names == ["reference", "reference-linux", "kvm"]
    assert list(present.probed) == ["reference", "reference-linux"]
    assert present.told == [TargetSkipped(target="kvm", reason=NO_KERNEL)]


def test_a_target_that_is_present_says_what_it_is() -> None:
    present = look_for(asking("reference", SOUND))
    assert [(name, p.name) for name, p in present.probed.items()] == [
        ("reference", "reference"),
        (SOUND, SOUND),
    ]
    reference, sound = present.probed.values()
    assert (reference.description, reference.header.profile) == (
        "the repaired patch",
        "v2.6.34",
    )
    assert sound.header.profile == "linux"
    assert present.told == []


def test_a_target_is_held_to_the_profile_that_was_asked_for() -> None:
    present = look_for(replace(asking(SOUND), profile="v2.6.34"))
    assert present.probed[SOUND].header.profile == "v2.6.34"


def test_a_target_that_is_named_twice_is_looked_for_once() -> None:
    present = look_for(asking("reference", "kvm", "reference", "kvm"))
    assert present.names == ["reference", "kvm"]
    assert len(present.told) == 1


def test_a_target_that_breaks_is_told_with_what_it_was_doing() -> None:
    present = look_for(asking(RAISES, "reference"))
    assert present.names == [RAISES, "reference"]
    assert list(present.probed) == ["reference"]
    (failed,) = present.told
    assert isinstance(failed, TargetFailed)
    assert (failed.target, failed.last) == (RAISES, "loading the target")
    assert failed.what.splitlines()[0] == "LookupError: a part is missing"


def test_a_name_that_is_no_target_is_refused() -> None:
    with pytest.raises(NoSuchTargetError, match="no target 'refrence'"):
        look_for(asking("reference", "refrence"))


def test_a_kernel_that_cannot_be_held_to_the_profile_is_skipped_unless_named() -> None:
    why = "target kvm is held to profile linux, not to v2.6.34"
    present = look_for(replace(asking(), profile="v2.6.34"))
    assert list(present.probed) == ["reference", "reference-linux"]
    assert present.told == [TargetSkipped(target="kvm", reason=why)]
    with pytest.raises(NoSuchTargetError, match=why):
        look_for(replace(asking("kvm"), profile="v2.6.34"))


def test_only_what_runs_as_python_is_drawn_for_by_crosshair() -> None:
    named = ("museum:early-reclaim", "lawful:frees-later", SOUND)
    here = ("reference", "reference-linux", "patch", *named)
    request = replace(asking("kvm", *here), engine="crosshair")
    present = look_for(request)
    assert present.names == ["kvm", *here]
    assert tuple(present.probed) == here
    assert present.told == [TargetSkipped(target="kvm", reason=NOT_IN_PROCESS)]
    assert NOT_IN_PROCESS == (
        "not applicable: engine crosshair needs a target in Python"
    )
    assert look_for(asking("kvm")).told[0] != present.told[0]


@pytest.fixture(scope="module")
def present() -> Present:
    """Three targets that were found."""
    return look_for(asking("reference", "reference-linux", "patch"))


def plan_of(request: CheckRequest) -> TargetPlan:
    (plan,) = plans_of(request, look_for(request), Path("r/failures"))
    return plan


def test_a_plan_has_all_that_was_asked_for() -> None:
    assert plan_of(REQUEST) == TargetPlan(
        target="reference",
        profile=None,
        level="quick",
        seed=7,
        layers=("fixed",),
        clauses=("REQ-1", "SRCU-8"),
        seconds=40.0,
        failures_dir="r/failures",
        blind=False,
        engine="seeded",
    )
    other = replace(
        REQUEST,
        targets=("patch",),
        profile="v2.6.34",
        level="deep",
        seed=8,
        layers=("sequential", "sampled"),
        clauses=CLAUSES[:1],
        blind=True,
        engine="crosshair",
    )
    assert plan_of(other) == TargetPlan(
        target="patch",
        profile="v2.6.34",
        level="deep",
        seed=8,
        layers=("sequential", "sampled"),
        clauses=("REQ-1",),
        seconds=3600.0,
        failures_dir="r/failures",
        blind=True,
        engine="crosshair",
    )


@pytest.mark.parametrize(
    ("level", "max_time", "jobs", "targets", "seconds"),
    [
        ("quick", None, 1, 1, 40.0),
        ("standard", None, 1, 3, 240.0),
        ("deep", None, 2, 1, 3600.0),
        ("quick", 10.0, 1, 1, 10.0),
        ("quick", 10.0, 8, 1, 10.0),
        ("quick", 10.0, 2, 2, 10.0),
        ("quick", 10.0, 1, 2, 5.0),
        ("quick", 9.0, 1, 3, 3.0),
        ("quick", 9.0, 2, 3, 4.5),
        ("quick", 9.0, 3, 3, 9.0),
        ("quick", 900.0, 1, 3, 300.0),
        ("deep", 1000.0, 1, 2, 500.0),
    ],
)
def test_the_time_is_shared_by_those_that_run_after_each_other(
    present: Present,
    level: str,
    max_time: float | None,
    jobs: int,
    targets: int,
    seconds: float,
) -> None:
    request = replace(REQUEST, level=level, max_time=max_time, jobs=jobs)
    some = dict(list(present.probed.items())[:targets])
    plans = plans_of(request, Present(some, [], [*some, "kvm"]), Path("failures"))
    assert [plan.target for plan in plans] == list(some)
    assert {plan.seconds for plan in plans} == {seconds}


@pytest.mark.parametrize(
    ("jobs", "targets", "parts"),
    [
        (1, 1, [1]),
        (2, 1, [2]),
        (8, 1, [8]),
        (2, 2, [1, 1]),
        (3, 2, [2, 1]),
        (8, 3, [3, 3, 2]),
        (1, 3, [1, 1, 1]),
        (2, 3, [1, 1, 2]),
    ],
)
def test_the_workers_are_shared_out_among_the_targets_that_run_at_one_time(
    present: Present, jobs: int, targets: int, parts: list[int]
) -> None:
    some = Present(dict(list(present.probed.items())[:targets]))
    plans = plans_of(replace(REQUEST, jobs=jobs), some, Path("failures"))
    assert [plan.parts for plan in plans] == parts


@pytest.mark.parametrize(
    ("scenarios", "parts"), [(1, 32), (3200, 32), (3201, 33), (10_000, 100)]
)
def test_the_parts_of_counted_scenarios_follow_from_their_number_alone(
    present: Present, scenarios: int, parts: int
) -> None:
    for jobs in (1, 7):
        request = replace(REQUEST, jobs=jobs, scenarios=scenarios)
        plans = plans_of(request, present, Path("failures"))
        assert {(plan.parts, plan.scenarios) for plan in plans} == {(parts, scenarios)}
        shares = [replace(plans[0], part=part).share for part in range(parts)]
        assert sum(share or 0 for share in shares) == scenarios


def test_what_owns_its_threads_is_not_divided_nor_is_a_search_by_solver(
    present: Present,
) -> None:
    patch = present.probed["patch"]
    raced = replace(patch.header.capabilities, interleaving=Interleaving.THREADS)
    threads = replace(patch, header=replace(patch.header, capabilities=raced))
    request = replace(REQUEST, jobs=4)
    (plan,) = plans_of(request, Present({"patch": threads}), Path("f"))
    assert plan.parts == 1
    solved = replace(request, engine="crosshair")
    assert {plan.parts for plan in plans_of(solved, present, Path("f"))} == {1}


def test_the_kernel_and_what_owns_its_threads_stay_here(present: Present) -> None:
    patch = present.probed["patch"]
    raced = replace(patch.header.capabilities, interleaving=Interleaving.THREADS)
    threads = replace(patch, header=replace(patch.header, capabilities=raced))
    kernel = replace(patch, name="kvm")
    assert [stays_here(one) for one in (patch, threads, kernel)] == [False, True, True]
    request = replace(REQUEST, scenarios=9, executor="dask://one:1")
    both = Present({"kvm": kernel, "patch": patch})
    assert [p.parts for p in plans_of(request, both, Path("f"))] == [1, 32]


def test_nothing_is_planned_where_nothing_is_present() -> None:
    request = replace(asking("kvm"), max_time=60.0)
    assert plans_of(request, look_for(request), Path("failures")) == []
