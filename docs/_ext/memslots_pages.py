"""The parts of the book that are written by the code: Markdown, from data.

The clauses, the museum and the failures shown exist once, in the packages. What
is here only sets them in type; `memslots_book` hands it to Sphinx.
"""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence

from memslot_conformance import implementation
from memslot_conformance.budget import Budget
from memslot_conformance.explore import bounded
from memslot_conformance.failure import render_failure
from memslot_conformance.fixed import BOUNDS
from memslot_conformance.races import fixed_races
from memslot_conformance.shrink import Shrunk, shrink_scenario
from memslot_conformance.targets import Target, resolve
from memslot_conformance.trial import Bench
from memslot_reference.museum import CATALOGUE
from memslot_reference.museum.mutant import Mutant
from memslot_spec import clauses as all_clauses
from memslot_spec.clause import AnyClause, Needs, points_of
from memslot_spec.clauses import CLAUSES, GROUPS, clause_by_id
from memslot_spec.judge import without_points
from memslot_spec.profile import PROFILES

LEVEL = "quick"
PLAYS = 4_000
SHRINK_PLAYS = 2_000
"""What may be played of one race, and to make a failure small: counted and not
timed, so that every build shows the same."""

WIDTH = 92

SEEN_BY = {
    Needs.CALLS: "calls and replies",
    Needs.INTROSPECTION: "introspection",
    Needs.POINTS: "points",
}

MARKUP = "\\`*_{}[]<>|#$~^"


def plain(text: str) -> str:
    """The text as Markdown that says just that."""
    return "".join(f"\\{c}" if c in MARKUP else c for c in text)


def anchor(clause_id: str) -> str:
    """The place of a clause in its page."""
    return clause_id.lower()


def group_page(group: str) -> str:
    """The clauses of a group, after what its modules say of it.

    Errors: `LookupError` names the groups.
    """
    clauses = group_named(group)
    killers = _killers()
    lines = [_said_of(clauses), ""]
    for clause in clauses:
        lines += _clause(clause, killers.get(clause.id, ()))
    return "\n".join(lines)


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
    for group, clauses in GROUPS:
        lines += [f"### {plain(group)}", "", "| clause | | profiles | judged from |"]
        lines.append("| --- | --- | --- | --- |")
        lines += [
            f'| <span id="{anchor(clause.id)}"></span>{{clause}}`{clause.id}` '
            f"| {plain(clause.title)} | {_profiles(clause)} "
            f"| {SEEN_BY[clause.needs]} |"
            for clause in clauses
        ]
        lines.append("")
    return "\n".join(lines)


def _killers() -> dict[str, tuple[Mutant, ...]]:
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
        f":source: {plain(clause.source)}",
        f":profiles: {_profiles(clause)}",
        f":judged from: {_needs(clause)}",
        f":catalogue: {_rows(clause.rows)}",
        f":broken by: {broken_by or 'no mutant of the museum'}",
        "",
    ]


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
        f"| {row} | {_links([clause.id for clause in clauses])} |"
        for row, clauses in sorted(of_row.items())
    ]
    return "\n".join(("| row | clauses |", "| ---: | --- |", *lines))


def museum_page() -> str:
    """The bugs of the kernel's past, and those that its code only just avoids."""
    return "\n".join(
        line
        for mutant in CATALOGUE
        if mutant.kind == "museum"
        for line in _told(mutant)
    )


def _told(mutant: Mutant) -> list[str]:
    """What is known of one bug."""
    return [
        f"({place(mutant.name)})=",
        f"## {plain(mutant.name)}",
        "",
        plain(mutant.wrong),
        "",
        f":base: the {mutant.base}, held to `{mutant.profile}`",
        f":source: {plain(mutant.source)} {plain(mutant.tag)}",
        f":since: {plain(mutant.since)}",
        f":breaks: {_links(mutant.clauses)}",
        "",
    ]


def place(mutant_name: str) -> str:
    """The place of a mutant in the museum's page."""
    return f"mutant-{mutant_name.lower()}"


def _links(clause_ids: Sequence[str]) -> str:
    return ", ".join(f"{{clause}}`{clause_id}`" for clause_id in clause_ids)


def planted_table() -> str:
    """The mutants that were made up, so that each clause is broken by one."""
    lines = [
        "| mutant | what is wrong | profile | breaks |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{m.name}` | {plain(m.wrong)} | `{m.profile}` | {_links(m.clauses)} |"
        for m in CATALOGUE
        if m.kind == "planted"
    ]
    return "\n".join(lines)


def protocols_table() -> str:
    """The methods that an adapter may have, from the protocols."""
    lines = ["| protocol | method | gives |", "| --- | --- | --- |"]
    lines += [
        _method(protocol, name, method)
        for protocol in filter(inspect.isclass, vars(implementation).values())
        if protocol.__module__ == implementation.__name__
        for name, method in inspect.getmembers(protocol, inspect.isfunction)
        if not name.startswith("_")
    ]
    return "\n".join(lines)


def _method(protocol: type, name: str, method: Callable[..., object]) -> str:
    signature = str(inspect.signature(method)).replace("'", "")
    shown = signature.replace("self, ", "").replace("self", "").replace("|", "\\|")
    kernel = _first_line(protocol).rstrip(".")
    gives = _first_line(method)
    return f"| `{protocol.__name__}`: {kernel} | `{name}{shown}` | {gives} |"


def _first_line(documented: object) -> str:
    return (inspect.getdoc(documented) or "").partition("\n")[0]


def failure(target_name: str, clause_id: str, *, is_blind: bool = False) -> str:
    """A failure as `memslots check` shows it, found and shrunk here and now.

    Errors: `LookupError` where no fixed race breaks the clause on this target.
    """
    target, clause = resolve(target_name), clause_by_id(clause_id)
    bench = Bench(target.header, CLAUSES, is_blind)
    shrunk = _first(target, bench, clause_id)
    finding = next(
        f for f in bench.judge(shrunk.played).findings if f.clause == clause_id
    )
    events = shrunk.played.events
    if is_blind:
        events = without_points(events)
    return render_failure(
        clause=clause.id,
        title=clause.title,
        must=clause.must,
        source=clause.source,
        expected=finding.expected,
        observed=finding.observed,
        step=finding.step,
        events=events,
        replay=f"failures/{target_name.replace(':', '-')}-{clause_id}.ndjson",
        width=WIDTH,
    )


def _first(target: Target, bench: Bench, clause_id: str) -> Shrunk:
    """The first fixed race that breaks the clause, made small."""
    for race in fixed_races(target.header):
        threads = max(len(race.scenario.threads), 1)
        plays = bounded(
            target.make,
            race.scenario,
            BOUNDS[LEVEL][threads],
            budget=Budget(plays=PLAYS),
        )
        for played in plays:
            if bench.breaks(played, clause_id):
                return shrink_scenario(
                    target.make,
                    race.scenario,
                    played.schedule,
                    lambda again: bench.breaks(again, clause_id),
                    budget=Budget(plays=SHRINK_PLAYS),
                )
    message = f"no fixed race breaks {clause_id} on {target.name}"
    raise LookupError(message)
