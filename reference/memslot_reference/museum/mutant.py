"""What a mutant is: a reference with one bug, and what is known of the bug."""

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
from memslot_spec.model.profile import V2_6_34, Profile

Kind = Literal["museum", "planted"]
"""A bug that happened or lies close by, or one made up to try out a clause."""

Tag = Literal["[R]", "[T]", "[D]", "[M]", "planted"]
"""How a bug is known: read at the source, by title, derived, from memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One bug: where it is from, what is wrong, and which clauses it breaks.

    `base` is what was changed, `profile` the name of the one to judge it by.
    `source` has the commit, the CVE or the defect's number in `semantics.md`;
    `since` says in which kernels the bug was, as far as that is known: "unknown"
    where it is not, and "never" where no kernel had it.
    The first of `clauses` says best what is wrong; any of them may be the one
    that is broken first.
    """

    name: str
    kind: Kind
    base: Base
    profile: str
    source: str
    since: str
    tag: Tag
    clauses: tuple[str, ...]
    wrong: str
    make: Factory


def exhibit(
    name: str,
    flawed: type[AnyVm],
    *clauses: str,
    source: str,
    tag: Tag,
    since: str = "unknown",
    profile: Profile = V2_6_34,
) -> Mutant:
    """A bug of the kernel's past, or one that its code only just avoids."""
    return Mutant(
        name=name,
        kind="museum",
        base=base_of(flawed),
        profile=profile.name,
        source=source,
        since=since,
        tag=tag,
        clauses=clauses,
        wrong=summary_of(flawed),
        make=factory_of(flawed),
    )


def planted(
    name: str, flawed: type[AnyVm], *clauses: str, profile: Profile = V2_6_34
) -> Mutant:
    """A bug made up to show that a clause can be broken."""
    return Mutant(
        name=name,
        kind="planted",
        base=base_of(flawed),
        profile=profile.name,
        source="planted",
        since="never",
        tag="planted",
        clauses=clauses,
        wrong=summary_of(flawed),
        make=factory_of(flawed),
    )
