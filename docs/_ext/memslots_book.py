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


class Written(SphinxDirective):
    """A part of a page that the code writes, each time the book is built."""

    def run(self) -> list[nodes.Node]:
        """Set the part; the page is read again next time, whatever has changed."""
        self.env.note_reread()
        return self.parse_text_to_nodes(self.written(), allow_section_headings=True)

    def written(self) -> str:
        """The part, in Markdown."""
        raise NotImplementedError


class Clauses(Written):
    """The page of clauses; each becomes something that `clause` can link to."""

    def written(self) -> str:
        """Note where each clause will be."""
        standard = self.env.get_domain("std")
        if isinstance(standard, StandardDomain):
            for clause in CLAUSES:
                place = pages.anchor(clause.id)
                standard.note_object("clause", clause.id, place)
        return pages.clauses_page()


class Rows(Written):
    """The map from the rows of the catalogue."""

    written = staticmethod(pages.rows_table)


class Museum(Written):
    """A section for each bug of the museum."""

    written = staticmethod(pages.museum_page)


class Planted(Written):
    """The table of the mutants that were made up."""

    written = staticmethod(pages.planted_table)


class Protocols(Written):
    """The table of what an adapter may have."""

    written = staticmethod(pages.protocols_table)


class Failure(Written):
    """A failure of a target at a clause, as the suite shows it."""

    required_arguments = 2
    option_spec: ClassVar[OptionSpec | None] = {"blind": bool}

    def written(self) -> str:
        """Find the failure."""
        target, clause = self.arguments
        text = pages.failure(target, clause, is_blind="blind" in self.options)
        return f"~~~~none\n{text}\n~~~~"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the role and the directives."""
    app.add_object_type("clause", "clause")
    role = XRefRole(warn_dangling=True, innernodeclass=nodes.literal)
    app.add_role_to_domain("std", "clause", role, override=True)
    app.add_directive("memslots-clauses", Clauses)
    app.add_directive("memslots-rows", Rows)
    app.add_directive("memslots-museum", Museum)
    app.add_directive("memslots-planted", Planted)
    app.add_directive("memslots-protocols", Protocols)
    app.add_directive("memslots-failure", Failure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
