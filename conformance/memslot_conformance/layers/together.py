"""The same layer in several parts of a target's work, made one record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from memslot_conformance.findings.parts import (
    BROKE,
    LayerPart,
    layer_whole,
    sum_or_none,
    summed,
)
from memslot_conformance.findings.records import LayerDone
from memslot_conformance.layers.drawn import drawn_words
from memslot_conformance.layers.exploration import explored_words, owing_words
from memslot_conformance.layers.fixed import STOPPED


def layer_together(
    parts: Sequence[LayerPart], *, stopped: bool, broke: int, of: int
) -> LayerDone:
    """What the layer did in all of its parts, of which there is one at least.

    `stopped` says that one finding was enough; `broke` of the `of` parts did not come
    to their end, and may have left nothing.
    """
    one = reduce(_both, parts)
    explored = one.explored
    cut = None if explored is None else owing_words(explored)
    if broke:
        cut = BROKE if broke == of else f"{BROKE} in {broke} of its {of} parts"
    if stopped:
        cut = STOPPED
    words = explored_words(explored) if explored else drawn_words(one.layer, one)
    return replace(layer_whole(one), covered=words, cut=cut)


def _both(one: LayerPart, other: LayerPart) -> LayerPart:
    explored = one.explored
    if explored is not None and other.explored is not None:
        explored = explored.added(other.explored)
    return replace(
        one,
        scenarios=one.scenarios + other.scenarios,
        schedules=one.schedules + other.schedules,
        steps=one.steps + other.steps,
        seconds=one.seconds + other.seconds,
        reached=summed(one.reached, other.reached),
        histories=summed(one.histories, other.histories),
        requests=one.requests + other.requests,
        met=summed(one.met, other.met),
        orders=sum_or_none(one.orders, other.orders),
        left_out=one.left_out + other.left_out,
        occasions=summed(one.occasions, other.occasions),
        raced=one.raced + other.raced,
        overlapped=one.overlapped + other.overlapped,
        explored=explored,
    )
