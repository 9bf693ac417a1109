"""Mutants that are not noticed, each with its reason."""

from __future__ import annotations

UNNOTICED: dict[str, str] = {}
"""By what is changed and how, with or without the reference before it."""


def reason_of(mutant: str) -> str:
    """Why the mutant of this name need not be noticed; empty where it ought to be."""
    return UNNOTICED.get(mutant) or UNNOTICED.get(mutant.partition("/")[2], "")
