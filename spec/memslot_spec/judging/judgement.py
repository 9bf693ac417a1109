"""What a judge has to say of a history."""

from __future__ import annotations

from dataclasses import dataclass, field

from memslot_spec.choice import OptionCounts


@dataclass(frozen=True, slots=True)
class Finding:
    """A clause broken at a step (the position of an event, from 0)."""

    clause: str
    step: int
    expected: str
    observed: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a history says: findings, and how often each premise held.

    `contradiction` tells how the history contradicts itself, which is an error of the
    target and no finding. Where points and introspection disagree, or points cannot be
    so, `withheld` are the clauses that read these: they have no verdict, and all others
    were judged on; it is empty where none does. Where it is None, as where calls and
    replies disagree, nothing was judged after the contradiction.
    `undecided` says why some of the history could not be judged; `complete` that the
    history came to its end. `taken` counts the options of the choices that somebody
    asked about, `occasions` how often that of a clause was met.
    """

    findings: tuple[Finding, ...]
    reached: dict[str, int]
    contradiction: str | None
    undecided: str | None
    complete: bool
    taken: OptionCounts = field(default_factory=OptionCounts)
    withheld: frozenset[str] | None = None
    occasions: dict[str, int] = field(default_factory=dict[str, int])
