"""The lawful wing in the book: its variants, and the clauses that need none."""

from __future__ import annotations

from memslots_pages import links, plain

from memslot_conformance.museum.exempt import EXEMPT
from memslot_reference.lawful import CATALOGUE


def lawful_table() -> str:
    """A row for each variant: what is unusual about it, and why it is right."""
    lines = [
        "| variant | what is unusual | base | why it is right |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{v.name}` | {plain(v.unusual)} | {v.base}, `{v.profile}` "
        f"| {plain(v.source)} {plain(v.tag) if v.tag != 'argued' else ''} |"
        for v in CATALOGUE
    ]
    return "\n".join(lines)


def exempt_table() -> str:
    """A row for each reason for which a clause needs no neighbour."""
    lines = ["| because | clauses |", "| --- | --- |"]
    lines += [f"| {group.reason} | {links(group.clauses)} |" for group in EXEMPT]
    return "\n".join(lines)
