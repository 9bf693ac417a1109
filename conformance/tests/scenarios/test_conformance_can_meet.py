"""What a target could show: all that can be met on it, and nothing that cannot."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.scenarios.drawn.can_meet import can_be_met, counted_by_kind
from memslot_spec.history.header import Header, Interleaving
from scenario_headers import BARE, LINUX, REFERENCE


def of_kind(header: Header, kind: str) -> set[str]:
    return {key for key in can_be_met(header) if key.startswith(f"{kind} ")}


def asked_for(*operations: str, interleaving: Interleaving) -> Header:
    """Today's kernel with these operations alone."""
    has = replace(LINUX.capabilities, operations=operations, interleaving=interleaving)
    return replace(LINUX, capabilities=has)


def test_what_a_target_cannot_show_is_not_asked_of_it() -> None:
    keys = can_be_met(BARE)
    assert of_kind(BARE, "pair") == {"pair SetRegion x SetRegion"}
    assert "objection TOO_MANY_PAGES" not in keys
    assert "edge SetRegion: the last slot id" in keys


@pytest.mark.parametrize("header", [REFERENCE, LINUX], ids=["reference", "linux"])
def test_on_a_reference_every_operation_can_meet_every_other(header: Header) -> None:
    kinds = len(of_kind(header, "kind"))
    assert kinds == len(set(header.capabilities.operations) - {"DestroyVm"})
    assert len(of_kind(header, "pair")) == len(of_kind(header, "then")) == kinds**2


def test_where_one_thread_calls_nothing_meets_in_a_race() -> None:
    alone = asked_for("SetRegion", "GetDirtyLog", interleaving=Interleaving.NONE)
    assert of_kind(alone, "pair") == set()
    assert "then SetRegion > GetDirtyLog" in of_kind(alone, "then")


def test_a_cache_that_nothing_resolves_meets_only_what_is_of_the_whole_vm() -> None:
    operations = ("SetRegion", "UseHvaCache", "TssBase")
    idle = asked_for(*operations, interleaving=Interleaving.POINTS)
    pairs = of_kind(idle, "pair")
    assert {"pair UseHvaCache x TssBase", "pair TssBase x UseHvaCache"} <= pairs
    assert {
        "pair UseHvaCache x SetRegion",
        "pair UseHvaCache x UseHvaCache",
    }.isdisjoint(pairs)
    assert not any("UseHvaCache" in edge for edge in of_kind(idle, "edge"))
    whole = asked_for(*operations, "InitHvaCache", interleaving=Interleaving.POINTS)
    assert "pair UseHvaCache x SetRegion" in of_kind(whole, "pair")
    assert "edge UseHvaCache: up to the end" in of_kind(whole, "edge")


def test_what_can_be_wrong_with_a_log_follows_from_what_is_asked_of_it() -> None:
    def of_logs(*operations: str) -> set[str]:
        header = asked_for(*operations, interleaving=Interleaving.NONE)
        start = "objection of a log "
        keys = of_kind(header, "objection")
        return {key.removeprefix(start) for key in keys if key.startswith(start)}

    assert of_logs("SetRegion") == set()
    read = {"BAD_SLOT", "ABSENT", "NOT_LOGGED"}
    assert of_logs("GetDirtyLog") == read
    assert of_logs("ClearDirtyLog") == {*read, "MISALIGNED", "BAD_RANGE"}
    assert of_logs("EnableManualProtect") == {"BAD_OPTIONS"}


def test_keys_are_counted_by_their_first_word() -> None:
    keys = ("pair A x B", "edge A: one", "pair B x A")
    assert counted_by_kind(keys) == {"edge": 1, "pair": 2}
