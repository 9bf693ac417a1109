"""The moment at which something is asked again, a request having been refused since."""

from __future__ import annotations

from dataclasses import dataclass

from memslot_spec.facts.dirty_log import Why
from memslot_spec.facts.facts import Facts
from memslot_spec.model.operations import Operation
from memslot_spec.model.replies import Reply
from memslot_spec.moments.dirty import LogReported
from memslot_spec.moments.making import Making, Makings
from memslot_spec.moments.replies import Answered


@dataclass(slots=True)
class AskedAgain:
    """A question is answered that was answered `before`; `refused` was in between.

    Nothing else was that may change the answer.
    """

    refused: Operation
    before: Reply
    reply: Reply


@dataclass(slots=True)
class OptionsShown:
    """A GET shows whether GET clears, a request having been refused since it was seen.

    It must clear nothing: pages were `lost` if it does. Nothing but GETs, lookups and
    accesses was in between.
    """

    refused: Operation
    lost: tuple[int, ...]


def _asked_again(facts: Facts, answered: Answered) -> AskedAgain | None:
    answers = facts.answers
    given = answers.given.get(answered.operation)
    if given is None or answers.refused is None or given.refusals == answers.refusals:
        return None
    return AskedAgain(answers.refused, given.reply, answered.reply)


def _options_shown(facts: Facts, log: LogReported) -> OptionsShown | None:
    refused = facts.dirty.refused_since
    if refused is None or not facts.dirty.shown_once:
        return None
    if Why.SHOWN not in log.must_report.values():
        return None
    return OptionsShown(refused, log.missing(Why.SHOWN))


MAKINGS: Makings = (
    Making(AskedAgain, Answered, _asked_again),
    Making(OptionsShown, LogReported, _options_shown),
)
