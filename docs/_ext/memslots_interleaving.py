"""What Sphinx has to know of interleavings: one directive, which draws one.

    ```{memslots-interleaving} The caption.
    :target: patch
    :breaks: SRCU-1
    before  set 0 gfn 0x10 pages 4 host 0x1000
    T1      delete 0
    T2      tss
    ```

The history is played when the book is built, and never written down; where it was
found is kept until the code changes. `:target:` is
one of `memslots check`, held to `:profile:` or to its own. The scenario stands in the
body (`interleaving_notation` has its form), or `:race:` names a fixed one. Of the
schedules with at most `:preemptions:` (2), the first is shown that has what is asked
for: `:breaks:` a clause, `:reaches:` the premise of one, `:order:` steps on threads
(`T2 load table v0; T1 publish v1`). What breaks a clause is never shown without
`:breaks:`. `:show:` and `:hide:` add and take away families of points.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import ClassVar

from docutils import nodes  # type: ignore[import-untyped, unused-ignore]
from docutils.parsers.rst import (  # type: ignore[import-untyped, unused-ignore]
    directives,
)
from interleaving_kept import find_kept
from interleaving_notation import parse
from interleaving_picture import picture
from interleaving_rows import FAMILIES, USUAL, Row, Shown, published, shown
from interleaving_search import Found, Step, Wanted, scenario_named
from interleaving_words import NotationError
from memslots_pages import plain
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from sphinx.util.typing import ExtensionMetadata, OptionSpec

from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import Target, UnknownTargetError, resolve
from memslot_spec.clauses import clause_by_id
from memslot_spec.history.events import Call, Return
from memslot_spec.history.points.tables import TableLoaded, TablePublished
from memslot_spec.history.words import describe_operation, describe_reply
from memslot_spec.judging.judgement import Finding

STYLE = "interleavings.css"
STEP = re.compile(r"(?:T(?P<thread>\d+)\s+)?(?P<words>\S.*)")


class Interleaving(SphinxDirective):
    """A history drawn as lanes, found when the book is built."""

    required_arguments = 1
    final_argument_whitespace = True
    has_content = True
    option_spec: ClassVar[OptionSpec | None] = {
        "target": directives.unchanged_required,
        "profile": directives.unchanged_required,
        "race": directives.unchanged_required,
        "preemptions": directives.nonnegative_int,
        "breaks": directives.unchanged_required,
        "reaches": directives.unchanged_required,
        "order": directives.unchanged_required,
        "show": directives.unchanged_required,
        "hide": directives.unchanged_required,
    }

    def run(self) -> list[nodes.Node]:
        """Find the history and set it: picture, words, and what became of it.

        Errors: what cannot be found or understood is an error in the page.
        """
        self.env.note_reread()
        try:
            target = resolve(
                self.options.get("target", "reference"), self.options.get("profile")
            )
            wanted = self.wanted()
            found = find_kept(target, *self.searched(target), wanted)
            families = self.families()
        except (LookupError, ValueError, UnknownTargetError) as error:
            raise self.error(str(error)) from error
        return self.figure(target, found, wanted, families)

    def searched(self, target: Target) -> tuple[Scenario, int]:
        """The scenario, and how many preemptions it may be played with.

        Errors: `NotationError` where there is none, or two.
        """
        named, written = self.options.get("race"), "\n".join(self.content)
        if bool(named) == bool(written.strip()):
            message = "either :race: names the scenario, or the body has it"
            raise NotationError(message)
        scenario = scenario_named(target, named) if named else parse(written)
        return scenario, self.options.get("preemptions", 2)

    def wanted(self) -> Wanted:
        """What the history has to show."""
        return Wanted(
            self.options.get("breaks"),
            self.options.get("reaches"),
            tuple(_steps(self.options.get("order", ""))),
        )

    def families(self) -> tuple[str, ...]:
        """The families of points to draw. Errors: `ValueError` for an unknown one."""
        more = self.options.get("show", "").split()
        less = self.options.get("hide", "").split()
        for name in (*more, *less):
            if name not in FAMILIES:
                known = ", ".join(FAMILIES)
                message = f"no family {name!r} of points; there are {known}"
                raise ValueError(message)
        return tuple(name for name in (*USUAL, *more) if name not in less)

    def figure(
        self, target: Target, found: Found, wanted: Wanted, families: tuple[str, ...]
    ) -> list[nodes.Node]:
        """The nodes: for a browser a picture, for everything else the words."""
        (caption,) = self.arguments
        drawn = shown(found, families)
        name = f"interleaving-{self.env.new_serialno('memslots-interleaving')}"
        words = "\n".join(map(_line, drawn.rows))
        svg = picture(drawn, name, caption)
        in_words = (
            "<details><summary>The same in words, and how it was found</summary>"
            f'<pre id="{name}-words">{escape(words)}</pre>'
            f"<p>{escape(_found_by(found, wanted))}</p></details>"
        )
        elsewhere = addnodes.only(expr="not html")
        elsewhere += nodes.literal_block(words, words)
        said = "\n".join(
            (f"**{caption}**", "", *_told(found), "", _source(target, drawn))
        )
        figure = nodes.container(classes=["interleaving-figure"])
        figure += nodes.raw("", svg, format="html")
        figure += elsewhere
        figure += self.parse_text_to_nodes(said)
        figure += nodes.raw("", in_words, format="html")
        return [figure]


def _steps(text: str) -> Iterator[Step]:
    """The steps of an `:order:`. Errors: `ValueError` for an empty one."""
    for part in filter(None, text.split(";")):
        matched = STEP.fullmatch(part.strip())
        if matched is None:
            message = f"no step in {part!r}; a step is words, or T1 and words"
            raise ValueError(message)
        thread = matched["thread"]
        yield Step(None if thread is None else int(thread), matched["words"])


def _line(row: Row) -> str:
    """A row as a line of text."""
    thread = "  " if row.thread is None else f"T{row.thread}"
    mark = " <- the clause is broken here" if row.broken else ""
    return f"{row.first + 1:4}  {thread}  {row.text}{mark}"


def _told(found: Found) -> Iterator[str]:
    """A line for each operation of the race: its reply, and its tables."""
    history = found.events
    for begin, event in enumerate(history):
        if not isinstance(event, Call) or event.thread == 0:
            continue
        end = next(
            (
                i
                for i in range(begin, len(history))
                if isinstance(history[i], Return) and history[i].thread == event.thread
            ),
            None,
        )
        own = [
            i
            for i in range(begin, len(history) if end is None else end)
            if history[i].thread == event.thread
        ]
        reply = "no reply"
        if end is not None and isinstance(answer := history[end], Return):
            reply = plain(describe_reply(answer.reply))
        made = published(history, own)
        loads = [
            found.words[i].removeprefix("load table ")
            for i in own
            if isinstance(history[i], TableLoaded)
        ]
        yield (
            f"- T{event.thread}: {plain(describe_operation(event.operation))}: "
            f"**{reply}**"
            + (f"; publishes {made}" if made else "")
            + (f"; loads {', '.join(loads)}" if loads else "")
        )
    if found.finding is not None:
        yield f"- Step {found.finding.step + 1} breaks {_broken(found, found.finding)}"


def _broken(found: Found, finding: Finding) -> str:
    """The clause, what should have been, and what was.

    An expectation that spells a whole table out is left to the report.
    """
    clause = clause_by_id(finding.clause)
    text = f"{{clause}}`{clause.id}`: *{plain(clause.title)}*."
    if "SlotTable(" not in finding.expected:
        text += f" Expected: {plain(finding.expected)}."
    seen = finding.observed
    if isinstance(found.events[finding.step], TablePublished):
        seen = found.words[finding.step]
    return f"{text} Observed: {plain(seen)}."


def _source(target: Target, drawn: Shown) -> str:
    """Whose history it is, and how much of it is not drawn."""
    steps = "1 step is" if drawn.left_out == 1 else f"{drawn.left_out} steps are"
    left_out = f" {steps} not drawn." if drawn.left_out else ""
    return f"Played on `{target.name}`, held to `{target.profile.name}`.{left_out}"


def _found_by(found: Found, wanted: Wanted) -> str:
    """How the search came to it."""
    many = found.preemptions
    switches = "1 preemption" if many == 1 else f"{many} preemptions"
    condition = wanted.in_words()
    return f"Schedule {found.number} in the order of the search, with {switches}" + (
        f": the first in which {condition}." if condition else "."
    )


def add_style(app: Sphinx) -> None:
    """Let the book find the style sheet that the pictures use."""
    static = str(Path(__file__).parent.parent / "_static")
    if static not in app.config.html_static_path:
        app.config.html_static_path.append(static)
    app.add_css_file(STYLE)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the directive and its style."""
    app.add_directive("memslots-interleaving", Interleaving)
    app.connect("builder-inited", add_style)
    return {"version": "1", "parallel_read_safe": True, "parallel_write_safe": True}
