"""The clauses as pages: a page for each group, an index, and the catalogue's rows."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Sequence

from memslots_pages import anchor, links, place, plain

from memslot_conformance.report.known import occasion_words
from memslot_reference.museum import CATALOGUE
from memslot_reference.museum.mutant import Mutant
from memslot_spec import clauses as all_clauses
from memslot_spec.clause import AnyClause, Needs
from memslot_spec.clauses import CLAUSES, GROUPS
from memslot_spec.judging.applies import points_of
from memslot_spec.known import Way
from memslot_spec.model.profile import PROFILES

SEEN_BY = {
    Needs.CALLS: "calls and replies",
    Needs.INTROSPECTION: "introspection",
    Needs.POINTS: "points",
}


def group_page(group: str) -> str:
    """The clauses of a group. Errors: `LookupError` names the groups."""
    detected = _detected()
    lines: list[str] = []
    for clause in group_named(group):
        lines += _clause(clause, detected.get(clause.id, ()))
    return "\n".join(lines)


def about_group(group: str) -> str:
    """What the modules of a group say of it. Errors: `LookupError` as above."""
    return _said_of(group_named(group))


def group_named(group: str) -> tuple[AnyClause, ...]:
    """The clauses of a group. Errors: `LookupError` names the groups."""
    groups = dict(GROUPS)
    if group not in groups:
        message = f"no group {group!r} of clauses; there are {', '.join(groups)}"
        raise LookupError(message)
    return groups[group]


def clause_index() -> str:
    """A line for each clause, under its group.

    Each has the anchor that it had when all of them stood on one page.
    """
    lines: list[str] = []
    heads = "| clause | | profiles | judged from | known |"
    for group, clauses in GROUPS:
        lines += [f"### {plain(group)}", "", heads]
        lines.append("| --- | --- | --- | --- | --- |")
        lines += [
            f'| <span id="{anchor(clause.id)}"></span>{{clause}}`{clause.id}` '
            f"| {plain(clause.title)} | {_profiles(clause)} "
            f"| {SEEN_BY[clause.needs]} | {_marks(clause)} |"
            for clause in clauses
        ]
        lines.append("")
    return "\n".join(lines)


def _detected() -> dict[str, tuple[Mutant, ...]]:
    """For each clause the mutants that name it."""
    found: dict[str, tuple[Mutant, ...]] = {}
    for mutant in CATALOGUE:
        for clause in mutant.clauses:
            found[clause] = (*found.get(clause, ()), mutant)
    return found


def _said_of(clauses: Sequence[AnyClause]) -> str:
    """What the modules that these clauses stand in say, in the clauses' order."""
    places = {clause.id: place for place, clause in enumerate(clauses)}
    said: list[tuple[int, str]] = []
    for name, module in sys.modules.items():
        if name.startswith(f"{all_clauses.__name__}."):
            members: tuple[AnyClause, ...] = getattr(module, "CLAUSES", ())
            if members and members[0].id in places:
                said.append((places[members[0].id], inspect.getdoc(module) or ""))
    return "\n\n".join(text for _, text in sorted(said))


def _clause(clause: AnyClause, mutants: Sequence[Mutant]) -> list[str]:
    broken_by = ", ".join(
        f"[{plain(m.name)}](#{place(m.name)})" if m.kind == "museum" else f"`{m.name}`"
        for m in mutants
    )
    return [
        f"({anchor(clause.id)})=",
        f"## {clause.id}: {plain(clause.title)}",
        "",
        f"> {plain(clause.must)}",
        "",
        *_known(clause),
        *_implied(clause),
        *_occasion(clause),
        f":profiles: {_profiles(clause)}",
        f":judged from: {_needs(clause)}",
        f":catalogue: {_rows(clause.rows)}",
        f":broken by: {broken_by or 'no mutant of the museum'}",
        "",
    ]


def _marks(clause: AnyClause) -> str:
    """How it is known, a word each, and whether others imply it."""
    ways = [way.value for way in clause.known.ways]
    return ", ".join(ways if clause.implied is None else [*ways, "implied"])


def _known(clause: AnyClause) -> list[str]:
    """A line for each way; a command is set as one."""
    return [
        f":{way.value}: {words if way is Way.MEASURED else plain(words)}"
        for way, words in clause.known.words
    ]


def _implied(clause: AnyClause) -> list[str]:
    """Which clauses say the same and more; nothing where none does."""
    implied = clause.implied
    if implied is None:
        return []
    return [f":implied by: {links(implied.by)}: {plain(implied.because)}"]


def _occasion(clause: AnyClause) -> list[str]:
    """When it is enough that the premise never held; nothing where it never is."""
    return [f":occasion: {plain(occasion_words(clause))}"] if clause.occasion else []


def _profiles(clause: AnyClause) -> str:
    return ", ".join(f"`{p.name}`" for p in PROFILES if p.name in clause.profiles)


def _rows(rows: Sequence[int]) -> str:
    if not rows:
        return "no row"
    return f"row{'s' if len(rows) > 1 else ''} {', '.join(map(str, rows))}"


def _needs(clause: AnyClause) -> str:
    """What a target has to have before the clause can be judged on it."""
    parts: list[str] = []
    if clause.operations:
        parts.append(f"the operations {_names(clause.operations)}")
    if clause.any_operation:
        parts.append(f"one of the operations {_names(clause.any_operation)}")
    if points_of(clause):
        parts.append(f"the points {_names(points_of(clause))}")
    if clause.shows:
        parts.append(f"introspection of {_names(clause.shows)}")
    if clause.private:
        parts.append("private slots")
    if clause.concurrent:
        parts.append("more than one call at a time")
    text = SEEN_BY[clause.needs]
    if parts:
        text += "; the target has " + ", ".join(parts)
    if clause.unless is not None:
        text += f"; left to finer clauses where `{clause.unless}` is announced"
    return text


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def rows_table() -> str:
    """From the rows of the catalogue to the clauses made of them."""
    of_row: dict[int, list[AnyClause]] = {}
    for clause in CLAUSES:
        for row in clause.rows:
            of_row.setdefault(row, []).append(clause)
    lines = [
        f"| {row} | {links([clause.id for clause in clauses])} |"
        for row, clauses in sorted(of_row.items())
    ]
    return "\n".join(("| row | clauses |", "| ---: | --- |", *lines))
