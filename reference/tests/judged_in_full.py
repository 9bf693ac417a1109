"""All that the judge says of plays of the museum, in lines, and which judge said it.

    python reference/tests/judged_in_full.py --plays 3

One process has one judge, so to compare two is to compare what this prints.
"""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Iterator
from dataclasses import fields
from hashlib import sha256
from itertools import islice

from every_museum_case import CASES
from memslot_reference.museum import mutant_named
from memslot_spec.compiled import which_judge
from memslot_spec.history.header import History
from memslot_spec.history.wire import history_to_json
from memslot_spec.judging.judgement import Judgement
from museum_cases import Case, applicable_to, judged, plays, profile_of


def of_case(case: Case, most: int) -> Iterator[str]:
    """What is judged of the first plays of a case, sighted and blind."""
    make, profile = mutant_named(case.mutant).make, profile_of(case)
    yield f"{case}"
    for is_blind in (False, True):
        held = applicable_to(make, profile, is_blind=is_blind)
        for played in islice(plays(make, profile, case), most):
            history = History(held.header, tuple(played.events))
            yield sha256(history_to_json(history).encode()).hexdigest()
            yield said(judged(held, played))


def said(judgement: Judgement) -> str:
    """Every field of a judgement, sets in an order of their own."""
    told = {one.name: getattr(judgement, one.name) for one in fields(judgement)}
    if judgement.withheld is not None:
        told["withheld"] = sorted(judgement.withheld)
    return f"  {told}"


def main() -> None:
    """Print it of every case."""
    parser = ArgumentParser(description=__doc__)
    parser.add_argument("--plays", type=int, default=3)
    most: int = parser.parse_args().plays
    print(f"judge {which_judge()}")  # noqa: T201 - what it prints is what it is for
    for case in CASES:
        for line in of_case(case, most):
            print(line)  # noqa: T201 - as above


if __name__ == "__main__":
    main()
