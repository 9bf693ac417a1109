"""What a lawful variant is: a reference made unusual, and why it is right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from memslot_reference.changed import (
    AnyVm,
    Base,
    Factory,
    base_of,
    factory_of,
    summary_of,
)
from memslot_reference.sets import SlotSets
from memslot_spec.model.profile import LINUX, V2_6_34, Profile

Grounds = Literal["[R]", "[T]", "[D]", "[M]", "argued"]
"""How it is known to be right: as a mutant is known to be wrong, or by argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One unusual implementation that keeps every clause, and why it does.

    `base` is what was changed, `profile` the name of the one to judge it by.
    `source` has the lines of the kernel or the document that does the same, or the
    argument. `clauses` are those that it is there to come close to.
    """

    name: str
    base: Base
    profile: str
    source: str
    tag: Grounds
    clauses: tuple[str, ...]
    unusual: str
    make: Factory


def variant(
    name: str,
    changed: type[AnyVm],
    *clauses: str,
    source: str,
    tag: Grounds,
    profile: Profile | None = None,
) -> Variant:
    """The variant that this class is, by default held to what its base claims."""
    usual = LINUX if issubclass(changed, SlotSets) else V2_6_34
    return Variant(
        name=name,
        base=base_of(changed),
        profile=(profile or usual).name,
        source=source,
        tag=tag,
        clauses=clauses,
        unusual=summary_of(changed),
        make=factory_of(changed),
    )
