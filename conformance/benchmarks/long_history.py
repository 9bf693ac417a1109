"""A history as long as is asked for: one VM of the reference that lives on."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random
from typing import TextIO

from memslot_conformance.play.scheduler import Play
from memslot_conformance.scenarios.drawn.choices import Seeded
from memslot_conformance.scenarios.drawn.requests import palette_of
from memslot_conformance.scenarios.drawn.sequences import DrawnSequence
from memslot_conformance.targets.resolve import resolve
from memslot_spec.history.events import Event
from memslot_spec.history.header import Header, History
from memslot_spec.history.wire import event_to_json, write_history

FIRST = 150_000
"""So many events are given back as well, for who judges them without reading."""


def write_long_history(path: Path, events: int) -> tuple[int, Header, list[Event]]:
    """Write a history of about so many events: how many, of whom, and the first ones.

    Of drawn operations, as the sequential layer asks them.
    """
    target = resolve("reference")
    drawing = DrawnSequence(palette_of(target.header), Seeded(Random(11)))
    play = Play(target.make, 10 * events)
    first = list[Event]()
    written = 0
    with path.open("w", encoding="utf-8") as file:
        file.writelines(write_history(History(target.header, ())))
        while written < events and play.going:
            play.alone(drawing.steps())
            written += _write(file, play.events[written:])
            if len(first) < FIRST:
                first = play.events[:FIRST]
        written += _write(file, list(play.played().events[written:]))
    play.close()
    return written, target.header, first


def _write(file: TextIO, events: list[Event]) -> int:
    file.writelines(f"{json.dumps(event_to_json(event))}\n" for event in events)
    return len(events)
