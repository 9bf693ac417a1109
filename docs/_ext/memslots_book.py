"""What Sphinx has to know of memslots: a role for clauses, and its directives.

{clause}`SRCU-1`                      a link to a clause; an unknown id is a warning
{memslots-clauses}                    every clause, under its group
{memslots-rows}                       from the catalogue's rows to clauses
{memslots-museum}                     the bugs of the museum
{memslots-planted}                    the mutants that were made up
{memslots-failure} TARGET CLAUSE      a failure, found when the book is built;
                                      with `:blind:` judged without points
"""

from __future__ import annotations

from typing import ClassVar

import memslots_pages as pages
from docutils import nodes  # type: ignore[import-untyped, unused-ignore]
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.roles import XRefRole
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata, OptionSpec

from memslot_spec.clauses import CLAUSES


class Clauses(SphinxDirective):
    """The page of clauses; each becomes something that `clause` can link to."""

    def run(self) -> list[nodes.Node]:
        """Set the page, and note where each clause is."""
        standard = self.env.get_domain("std")
        if isinstance(standard, StandardDomain):
            for clause in CLAUSES:
                place = pages.anchor(clause.id)
                standard.note_object("clause", clause.id, place)
        return self.parse_text_to_nodes(
            pages.clauses_page(), allow_section_headings=True
        )


class Rows(SphinxDirective):
    """The map from the rows of the catalogue."""

    def run(self) -> list[nodes.Node]:
        """Set the table."""
        return self.parse_text_to_nodes(pages.rows_table())


class Museum(SphinxDirective):
    """The bugs of the museum."""

    def run(self) -> list[nodes.Node]:
        """Set a section for each."""
        return self.parse_text_to_nodes(
            pages.museum_page(), allow_section_headings=True
        )


class Planted(SphinxDirective):
    """The mutants that were made up."""

    def run(self) -> list[nodes.Node]:
        """Set the table."""
        return self.parse_text_to_nodes(pages.planted_table())


class Failure(SphinxDirective):
    """A failure of a target at a clause, as the suite shows it."""

    required_arguments = 2
    option_spec: ClassVar[OptionSpec | None] = {"blind": bool}

    def run(self) -> list[nodes.Node]:
        """Find the failure, and set its picture and text."""
        target, clause = self.arguments
        text = pages.failure(target, clause, is_blind="blind" in self.options)
        block = nodes.literal_block(text, text, language="none")
        self.set_source_info(block)
        return [block]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the role and the directives."""
    app.add_object_type("clause", "clause")
    role = XRefRole(warn_dangling=True, innernodeclass=nodes.literal)
    app.add_role_to_domain("std", "clause", role, override=True)
    app.add_directive("memslots-clauses", Clauses)
    app.add_directive("memslots-rows", Rows)
    app.add_directive("memslots-museum", Museum)
    app.add_directive("memslots-planted", Planted)
    app.add_directive("memslots-failure", Failure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
