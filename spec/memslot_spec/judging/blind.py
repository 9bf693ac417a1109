"""Histories without their points: what a target shows that announces nothing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from memslot_spec.history.events import Event, is_point
from memslot_spec.history.header import Header


def blind(header: Header) -> Header:
    """The header of the same histories with their points removed."""
    return replace(header, capabilities=replace(header.capabilities, announces=()))


def without_points(events: Iterable[Event]) -> tuple[Event, ...]:
    """The events that are left of a history when its points are removed."""
    return tuple(event for event in events if not is_point(type(event)))
