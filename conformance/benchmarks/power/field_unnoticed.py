"""Mutants that are not noticed, each with its reason."""

from __future__ import annotations

UNNOTICED: dict[str, str] = {}
