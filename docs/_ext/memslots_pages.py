"""The parts of the book that are written by the code: Markdown, from data.

The museum and the failures shown exist once, in the packages. What is here only
sets them in type; `memslots_book` hands it to Sphinx. The clauses are set by
`clause_pages`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

from memslot_conformance.adapter import machine, protocols, ranges, readers
from memslot_conformance.findings.records import found_in
from memslot_conformance.findings.trial import Trial
from memslot_conformance.layers.fixed import BOUNDS
from memslot_conformance.play.askable import askable
from memslot_conformance.play.bounded import bounded
from memslot_conformance.play.budget import Budget
from memslot_conformance.play.shrink import shrink_scenario
from memslot_conformance.play.shrunk import Shrunk
from memslot_conformance.report.failure import render_failure
from memslot_conformance.scenarios.fixed import fixed_races
from memslot_conformance.targets.resolve import Target, resolve
from memslot_reference.museum import CATALOGUE
from memslot_reference.museum.mutant import Mutant
from memslot_spec.clauses import CLAUSES
from memslot_spec.history.header import History
from memslot_spec.judging.blind import blind, without_points

LEVEL = "quick"
PLAYS = 4_000
SHRINK_PLAYS = 2_000
"""What may be played of one race, and to make a failure small: counted and not
timed, so that every build shows the same."""

WIDTH = 92

MARKUP = "\\`*_{}[]<>|#$~^"


def plain(text: str) -> str:
    """The text as Markdown that says just that."""
    return "".join(f"\\{c}" if c in MARKUP else c for c in text)


def anchor(clause_id: str) -> str:
    """The place of a clause in its page."""
    return clause_id.lower()


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
        f":breaks: {links(mutant.clauses)}",
        "",
    ]


def place(mutant_name: str) -> str:
    """The place of a mutant in the museum's page."""
    return f"mutant-{mutant_name.lower()}"


def links(clause_ids: Sequence[str]) -> str:
    """Links to these clauses."""
    return ", ".join(f"{{clause}}`{clause_id}`" for clause_id in clause_ids)


def planted_table() -> str:
    """The mutants that were made up, so that each clause is broken by one."""
    lines = [
        "| mutant | what is wrong | profile | breaks |",
        "| --- | --- | --- | --- |",
    ]
    lines += [
        f"| `{m.name}` | {plain(m.wrong)} | `{m.profile}` | {links(m.clauses)} |"
        for m in CATALOGUE
        if m.kind == "planted"
    ]
    return "\n".join(lines)


def protocols_table() -> str:
    """The methods that an adapter may have, from the protocols."""
    lines = ["| protocol | method | gives |", "| --- | --- | --- |"]
    lines += [
        _method(protocol, name, method)
        for module in (protocols, readers, machine, ranges)
        for protocol in filter(inspect.isclass, vars(module).values())
        if protocol.__module__ == module.__name__
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
    target = resolve(target_name)
    trial = Trial(target.header, CLAUSES, is_blind)
    shrunk = _first(target, trial, clause_id)
    finding = next(
        f for f in trial.judge(shrunk.played).findings if f.clause == clause_id
    )
    header, events = target.header, shrunk.played.events
    if is_blind:
        header, events = blind(header), without_points(events)
    file = f"failures/{target_name.replace(':', '-')}-{clause_id}.ndjson"
    return render_failure(found_in(finding, History(header, events), file), width=WIDTH)


def _first(target: Target, trial: Trial, clause_id: str) -> Shrunk:
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
            if trial.breaks(played, clause_id):
                return shrink_scenario(
                    target.make,
                    race.scenario,
                    played.schedule,
                    lambda again: trial.breaks(again, clause_id),
                    budget=Budget(plays=SHRINK_PLAYS),
                    may_ask=askable(target.header, race.scenario),
                )
    message = f"no fixed race breaks {clause_id} on {target.name}"
    raise LookupError(message)
