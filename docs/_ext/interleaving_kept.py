"""A history that was searched for is kept as its schedule, and played again.

What is drawn is played in every build, so it is never an old one.
"""

from __future__ import annotations

import json
from pathlib import Path

from interleaving_search import Found, Wanted, find, found_in
from kept_results import FOLDER, kept

from memslot_conformance.play.explore import replay
from memslot_conformance.scenarios.scenario import Run, Scenario
from memslot_conformance.targets.resolve import Target


def find_kept(
    target: Target,
    scenario: Scenario,
    preemptions: int,
    wanted: Wanted,
    *,
    folder: Path = FOLDER,
) -> Found:
    """The first history that shows what is wanted, searched for once.

    Errors: those of the search.
    """

    def search() -> str:
        found = find(target, scenario, preemptions, wanted)
        schedule = [(run.thread, run.points) for run in found.schedule]
        return json.dumps([schedule, found.number])

    asked = (target.name, target.header.profile, scenario, preemptions, wanted)
    schedule, number = json.loads(kept("interleaving", asked, search, folder=folder))
    runs = tuple(Run(thread, points) for thread, points in schedule)
    played = replay(target.make, scenario, runs)
    return found_in(target, scenario, played, wanted, number) or find(
        target, scenario, preemptions, wanted
    )
