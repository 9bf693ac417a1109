"""Occasions: when it is enough that the premise of a clause never held.

A clause whose premise never held is inconclusive, for nobody knows what the target
would have done. Some premises, though, are the target's own to bring about: a reader
that loads the table pointer once never loads it twice. Where the target had the
*occasion* to, again and again, and never did, the clause has nothing to say of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Never

from memslot_spec.facts.facts import Facts


class Occasion(NamedTuple):
    """A weaker premise, met wherever the premise could have been.

    `on` is the kind of event or moment that it may be met at, `met` says that it is.
    `never` words that the premise never held, and ends before the count of occasions.
    `because` is the argument why who never meets the premise cannot break the clause.
    """

    on: type
    met: Callable[[Facts, Never], bool]
    never: str
    because: str
