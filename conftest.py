"""What holds for every test: slow machines, slow tests, and files that are pinned.

`--quick` leaves out the tests of `slow-tests.txt`, `--list-slow` writes that list
anew, and `--write-golden` writes the pinned files anew instead of comparing.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from memslot_spec.compiled import which_judge

# A slow machine is no failure of a property: no example has a deadline, and none
# is too slow to be drawn.
settings.register_profile(
    "memslots", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("memslots")

SLOW = Path(__file__).parent / "slow-tests.txt"
SLOW_SECONDS = 0.2
"""What a test may take of the processor that `--quick` runs; it is never asserted."""

TAKEN = "processor seconds"

ALWAYS = frozenset({"test_conformance_imports.py", "test_spec_sentences.py"})
"""Modules of which `--quick` runs every test, whatever it takes."""

HEAD = f"# Tests of more than {SLOW_SECONDS} s of the processor: `make slow-list`."


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the three options."""
    group = parser.getgroup("memslots")
    group.addoption("--quick", action="store_true", help="leave out slow tests")
    group.addoption("--list-slow", action="store_true", help=f"write {SLOW.name}")
    group.addoption(
        "--write-golden", action="store_true", help="write pinned files, not compare"
    )


def pytest_report_header() -> str:
    """Say which judge the tests are of."""
    return f"judge: {which_judge()}"


def pytest_configure(config: pytest.Config) -> None:
    """Measure where a list is to be written; under xdist, where all is reported."""
    if config.getoption("--list-slow") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Measured(), "memslots-measured")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Leave out what is known to be slow."""
    if not config.getoption("--quick"):
        return
    slow = slow_tests(SLOW.read_text("utf-8"))
    left_out = [item for item in items if item.nodeid in slow]
    items[:] = [item for item in items if item.nodeid not in slow]
    config.hook.pytest_deselected(items=left_out)


def slow_tests(text: str) -> frozenset[str]:
    """The ids of a list, which has the seconds before each."""
    lines = (line for line in text.splitlines() if line and not line.startswith("#"))
    return frozenset(line.split(maxsplit=1)[1] for line in lines)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, None, None]:
    """Note what the test takes of the processor, its child processes with it.

    Not what the clock says: the list is to be the same on a busy machine.
    """
    before = sum(os.times()[:4])
    try:
        return (yield)
    finally:
        item.user_properties.append((TAKEN, sum(os.times()[:4]) - before))


class Measured:
    """Gathers what each test took, and writes down those that take long."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what was noted in the process that ran the test."""
        for name, value in report.user_properties:
            if name == TAKEN and isinstance(value, float):
                self.seconds[report.nodeid] = value

    def pytest_sessionfinish(self) -> None:
        """Write the list, by module, for the diff to be short."""
        slow = [
            f"{seconds:.1f} {test}"
            for test, seconds in sorted(self.seconds.items())
            if seconds > SLOW_SECONDS
            and not ALWAYS.intersection(re.split("/|::", test))
        ]
        SLOW.write_text("\n".join((HEAD, *slow)) + "\n", encoding="utf-8")


@pytest.fixture
def write_golden(request: pytest.FixtureRequest) -> bool:
    """Write pinned files anew, so that the diff shows what has changed."""
    return bool(request.config.getoption("--write-golden"))
