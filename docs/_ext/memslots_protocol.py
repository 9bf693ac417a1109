"""A directive for the protocol: {memslots-protocol} PROFILE.

A table of what the searches of two and three threads come to, run when the book is
built and kept until the code changes.
"""

from __future__ import annotations

from functools import partial

from docutils import nodes  # type: ignore[import-untyped, unused-ignore]
from kept_results import kept
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata

from memslot_spec.clauses import CLAUSES
from memslot_spec.model.profile import profile_named
from memslot_spec.protocol.programs import Protocol
from memslot_spec.protocol.races import header_for, races_of
from memslot_spec.protocol.search import search

THREADS = (2, 3)
"""Four threads take too long for a build, which makes each search twice."""


def states_table(profile_name: str) -> str:
    """Each race with the size of its search. Errors: `ValueError` for a profile."""
    profile = profile_named(profile_name)
    header = header_for(profile)
    protocol = Protocol(profile, header.limits)
    lines = [
        "| race | states | nodes | transitions | reduced to | depth | broken | stuck |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- | ---: |",
    ]
    for threads in THREADS:
        for race in races_of(threads):
            done = search(protocol, race, header, CLAUSES, reduced=False)
            reduced = search(protocol, race, header, CLAUSES)
            name = race.name.replace(" | ", ", ")
            broken = ", ".join(done.broken) or "none"
            lines.append(
                f"| {name} | {done.states} | {done.nodes} | {done.transitions} "
                f"| {reduced.transitions} | {done.depth} | {broken} | {done.stuck} |"
            )
    return "\n".join(lines)


class StatesTable(SphinxDirective):
    """The sizes of the searches under one profile."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Set the table, after a search if there is none of this code."""
        self.env.note_reread()
        try:
            (profile,) = self.arguments
            text = kept("states", profile, partial(states_table, profile))
        except ValueError as error:
            raise self.error(str(error)) from error
        return self.parse_text_to_nodes(text)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive."""
    app.add_directive("memslots-protocol", StatesTable)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
