"""What Sphinx has to know of memslots: a role for clauses, and three directives.

{clause}`SRCU-1`                  a link to a clause; an unknown id is a warning
{memslots-clauses} GROUP          the clauses of a group, to which the role links;
                                  with `:about:` what they are about
{memslots-part} NAME              one of `PARTS`, written from the code
{memslots-failure} TARGET CLAUSE  a failure, found when the book is built; with
                                  `:blind:` judged without points
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import clause_pages
import judges_pages
import lawful_pages
import memslots_pages as pages
import patch_pages
import peers_table
import public_bugs
from docutils import nodes  # type: ignore[import-untyped, unused-ignore]
from kept_results import kept
from machine_pages import machine_failure
from profile_table import profiles_table
from sphinx.application import Sphinx
from sphinx.domains.std import StandardDomain
from sphinx.roles import XRefRole
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata, OptionSpec

from memslot_conformance.targets.resolve import UnknownTargetError

PARTS: dict[str, Callable[[], str]] = {
    "clause-index": clause_pages.clause_index,
    "profiles": profiles_table,
    "rows": clause_pages.rows_table,
    "machine-failure": machine_failure,
    "museum": pages.museum_page,
    "planted": pages.planted_table,
    "lawful": lawful_pages.lawful_table,
    "exempt": lawful_pages.exempt_table,
    "protocols": pages.protocols_table,
    "judges": judges_pages.judges_tables,
    "holes": judges_pages.holes_list,
    "known": judges_pages.known_figures,
    "derived": judges_pages.derived_table,
    "implied": judges_pages.implied_table,
    "patch-defects": patch_pages.defects_table,
    "patch-hunks": patch_pages.hunks_table,
    "patch-findings": patch_pages.findings_table,
    "peers": peers_table.peers_tables,
    "public-bugs": public_bugs.bugs_table,
    "public-bugs-elsewhere": public_bugs.elsewhere_table,
}


class Written(SphinxDirective):
    """A part of a page that the code writes, each time the book is built."""

    def run(self) -> list[nodes.Node]:
        """Set the part; the page is read again next time, whatever has changed.

        Errors: what cannot be written is an error in the page.
        """
        self.env.note_reread()
        try:
            text = self.written()
        except (LookupError, ValueError, UnknownTargetError) as error:
            raise self.error(str(error)) from error
        return self.parse_text_to_nodes(text, allow_section_headings=True)

    def written(self) -> str:
        """The part, in Markdown."""
        raise NotImplementedError


class Part(Written):
    """A part of which there is one: the museum, the table of profiles, ..."""

    required_arguments = 1

    def written(self) -> str:
        """Look it up. Errors: `ValueError` names the parts there are."""
        (name,) = self.arguments
        if name not in PARTS:
            message = f"no part {name!r}; there are {', '.join(PARTS)}"
            raise ValueError(message)
        return PARTS[name]()


class Group(Written):
    """The clauses of a group, to which the role links; or what they are about."""

    required_arguments = 1
    final_argument_whitespace = True
    option_spec: ClassVar[OptionSpec | None] = {"about": bool}

    def written(self) -> str:
        """Set them, and note where each will be."""
        (name,) = self.arguments
        if "about" in self.options:
            return clause_pages.about_group(name)
        standard = self.env.get_domain("std")
        if isinstance(standard, StandardDomain):
            for clause in clause_pages.group_named(name):
                standard.note_object("clause", clause.id, pages.anchor(clause.id))
        return clause_pages.group_page(name)


class Failure(Written):
    """A failure of a target at a clause, as the suite shows it."""

    required_arguments = 2
    option_spec: ClassVar[OptionSpec | None] = {"blind": bool}

    def written(self) -> str:
        """Find the failure."""
        target, clause = self.arguments
        is_blind = "blind" in self.options

        def found() -> str:
            return pages.failure(target, clause, is_blind=is_blind)

        text = kept("failure", (target, clause, is_blind), found, shown=True)
        return f"~~~~none\n{text}\n~~~~"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the role and the directives."""
    app.add_object_type("clause", "clause")
    role = XRefRole(warn_dangling=True, innernodeclass=nodes.literal)
    app.add_role_to_domain("std", "clause", role, override=True)
    app.add_directive("memslots-clauses", Group)
    app.add_directive("memslots-part", Part)
    app.add_directive("memslots-failure", Failure)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
