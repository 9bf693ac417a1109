"""What a table by ranges declares: its rules, and nothing beside them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from memslot_conformance.adapter.answers import TargetError
from memslot_conformance.adapter.declarations import domain_of
from memslot_spec.history.header import Domain
from memslot_spec.model.range_rules import RangeRules, Removal
from memslot_spec.model.replies import Done, Reply
from memslot_spec.model.values import Gfn, Hva, MemoryRegion

RULES = RangeRules(removal=Removal.EXACT)


class Adds:
    """It has ranges."""

    domain = Domain(ranges=RULES)

    def add(self, gfn: Gfn, npages: int, hva: Hva) -> Reply:  # noqa: ARG002
        return Done()


class AddsWithoutRules(Adds):
    """It says nothing of them."""

    domain = Domain()


class Both(Adds):
    """It has slot ids as well."""

    def set_region(self, region: MemoryRegion) -> Reply:  # noqa: ARG002
        return Done()


class RulesAlone:
    """It has no ranges."""

    domain = Domain(ranges=RULES)


class NoBoolean(Adds):
    """It claims by a number."""

    domain = Domain(ranges=replace(RULES, fresh_logs=1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class NoRemoval(Adds):
    """It removes by a word."""

    domain = Domain(ranges=RangeRules(removal="exact"))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


class NoRules(Adds):
    """It has a word for rules."""

    domain = Domain(ranges="exact")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def test_the_rules_are_those_that_are_declared() -> None:
    assert domain_of(Adds()).ranges == RULES


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (AddsWithoutRules(), "but the target has a method add()"),
        (Both(), "takes a method add() and none called set_region()"),
        (RulesAlone(), "takes a method add() and none called set_region()"),
        (NoBoolean(), "domain.ranges.fresh_logs gave 1, which is no bool"),
        (NoRemoval(), "domain.ranges.removal gave 'exact', which is no Removal"),
        (NoRules(), "'exact', which is no RangeRules"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_refuses_rules_that_cannot_be(made: object, words: str) -> None:
    with pytest.raises(TargetError) as refused:
        domain_of(made)
    assert words in str(refused.value)
