"""Texts by their names, and what each of them is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

Texts = Mapping[str, Callable[[], str]]


def lines(of: Iterable[str]) -> str:
    return "\n".join(of)


def ending(shown: tuple[str, object]) -> str:
    return f"{shown[0]}\n= {shown[1]}"
