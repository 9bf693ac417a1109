"""Sptes as a target shows them, beside what its own points tell of them."""

from __future__ import annotations

from memslot_spec.clause import AnyClause, clause
from memslot_spec.facts.facts import Facts
from memslot_spec.history.words.tables import describe_sptes
from memslot_spec.known import Known
from memslot_spec.moments.shown import SptesAndPoints


def the_sptes_told_of(facts: Facts, both: SptesAndPoints) -> str:
    return f"what the target's points tell of: {describe_sptes(both.told)}"


def the_sptes_shown(facts: Facts, both: SptesAndPoints) -> str:
    return f"introspection shows {describe_sptes(both.shown)}"


@clause(
    id="MMU-17",
    title="The sptes shown are those that points tell of",
    must="With no request under way, the sptes that introspection shows MUST be those "
    "that the target's own points tell of, but for those of roots that no vCPU uses.",
    known=Known(
        derived="an spte that is shown alone was made by nobody, one that is told of "
        "alone is out of everybody's reach, as in a shadow page that was zapped "
        "(commit a955cad84cda)",
    ),
    rows=(46,),
    on=SptesAndPoints,
    expected=the_sptes_told_of,
    observed=the_sptes_shown,
    shows=("sptes",),
    points=("SpteMapped", "SpteRemoved"),
)
def shows_what_it_tells(facts: Facts, both: SptesAndPoints) -> bool:
    return both.agree


CLAUSES: tuple[AnyClause, ...] = (shows_what_it_tells,)
