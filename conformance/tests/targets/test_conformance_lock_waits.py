"""Which waits nothing outside a process can end."""

from __future__ import annotations

import os

import pytest

from memslot_conformance.targets import lock_waits
from memslot_conformance.targets.lock_waits import is_lock_wait, ticks_in_lock_waits

FUTEX = 202


@pytest.fixture(autouse=True)
def _of_one_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock_waits, "FUTEX", FUTEX)


@pytest.mark.parametrize(
    ("said", "waits"),
    [
        ("202 0x55d6 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7ff9", True),
        ("202 0x55d6 0x80 0x0 0x0 0x0 0x0 0x7ffc 0x7ff9", True),
        ("202 0x55d6 0x189 0x0 0x7ffc 0x0 0xffffffff 0x7ffc 0x7ff9", False),
        ("202 0x55d6 0x109 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7ff9", False),
        ("202 0x55d6 0x81 0x0 0x0 0x0 0x0 0x7ffc 0x7ff9", False),
        ("230 0x1 0x0 0x7ffc 0x0 0x0 0x0 0x7ffc 0x7ff9", False),
        ("running", False),
        ("-1 0x7ffc 0x7ff9", False),
        ("", False),
    ],
)
def test_a_wait_without_an_end_that_only_the_process_can_end(
    said: str, *, waits: bool
) -> None:
    assert is_lock_wait(f"{said}\n") is waits


def test_who_runs_does_not_wait_and_who_is_gone_does_nothing() -> None:
    assert ticks_in_lock_waits(os.getpid()) is None
    assert ticks_in_lock_waits(0) is None


def test_where_the_call_is_not_known_nothing_is_proved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lock_waits, "FUTEX", None)
    assert not is_lock_wait("202 0x55d6 0x189 0x0 0x0 0x0 0xffffffff 0x7ffc 0x7ff9")
