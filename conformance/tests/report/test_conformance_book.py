"""The book: its links to clauses, and the histories that it draws."""

import re
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import get_args
from xml.etree import ElementTree as ET

import pytest
from interleaving_notation import FORMS, parse
from interleaving_picture import CHARACTER, PAD, picture
from interleaving_rows import FAMILIES, USUAL, shown
from interleaving_search import Found, Step, Wanted, find, scenario_named
from interleaving_words import NotationError
from profile_table import FIELDS, profiles_table

from memslot_conformance.scenarios.scenario import Scenario
from memslot_conformance.targets.resolve import resolve
from memslot_spec.clauses import CLAUSES, GROUPS
from memslot_spec.history import events
from memslot_spec.history.events import Return
from memslot_spec.history.points import tables as tables_points
from memslot_spec.model import profile
from memslot_spec.model.operations import GuestAccess, InvalidateRange, SetRegion
from memslot_spec.model.values import LOG_DIRTY_PAGES, Failure, MemoryRegion

DOCS = Path(__file__).parents[3] / "docs"
CLAUSE = re.compile(r"\{clause\}`([^`]+)`")
IDS = {clause.id for clause in CLAUSES}

TORN = """
before  set 0 gfn 0x10 pages 4 host 0x1000
T1      delete 0
T2      tss
"""


needs_sphinx = pytest.mark.skipif(
    find_spec("sphinx") is None or find_spec("myst_parser") is None,
    reason="needs the extra `docs`",
)


def built(folder: Path, page: str, builder: str) -> str:
    """Build a book of this page alone; what Sphinx complains of."""
    (folder / "conf.py").write_text(
        f"import sys\nsys.path.insert(0, {str(DOCS / '_ext')!r})\n"
        "extensions = ['myst_parser', 'memslots_book', 'memslots_interleaving']\n"
    )
    (folder / "index.md").write_text(f"# Page\n\n{page}\n")
    build = [sys.executable, "-m", "sphinx", "-E", "-q", "-n", "-b", builder]
    done = subprocess.run(
        [*build, str(folder), str(folder / "out")],
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": ":".join(sys.path)},
    )
    return done.stderr


def named_in(folder: Path) -> set[str]:
    """The clauses to which the pages of a folder link."""
    texts = (path.read_text("utf-8") for path in folder.rglob("*.md"))
    return {name for text in texts for name in CLAUSE.findall(text)}


def torn(target: str = "patch", wanted: Wanted | None = None) -> Found:
    """The torn TSS base, or another history of the same race."""
    return find(resolve(target), parse(TORN), 2, wanted or Wanted("SRCU-1"))


def test_pages_name_no_clause_that_is_not_there() -> None:
    assert named_in(DOCS) <= IDS


def test_every_clause_is_in_a_chapter() -> None:
    assert named_in(DOCS / "semantics") >= IDS


def test_every_group_has_a_page() -> None:
    pages = [path.read_text("utf-8") for path in (DOCS / "clauses").glob("*.md")]
    for group, _ in GROUPS:
        assert sum(f"{{memslots-clauses}} {group}\n```" in page for page in pages) == 1


@needs_sphinx
@pytest.mark.parametrize("clause", ["SRCU-1", "SRCU-1000"])
def test_an_unknown_clause_breaks_the_build(clause: str, tmp_path: Path) -> None:
    page = f"{{clause}}`{clause}`\n\n```{{memslots-clauses}} Readers under SRCU\n```\n"
    said = built(tmp_path, page, "html")

    assert (f"reference target not found: {clause} " in said) == (clause not in IDS)


@needs_sphinx
def test_a_page_has_the_picture_and_its_words(tmp_path: Path) -> None:
    page = (
        f"```{{memslots-interleaving}} Torn\n:target: patch\n:breaks: SRCU-1{TORN}```"
    )
    built(tmp_path, page, "html")
    html = (tmp_path / "out/index.html").read_text("utf-8")
    built(tmp_path, page, "text")
    text = (tmp_path / "out/index.txt").read_text("utf-8")

    assert html.count('role="img"') == 1
    assert "<details>" in html
    assert "<- the clause is broken here" in text
    assert "svg" not in text


@needs_sphinx
def test_a_history_that_is_not_there_breaks_the_build(tmp_path: Path) -> None:
    page = f"```{{memslots-interleaving}} Torn\n:breaks: SRCU-1{TORN}```"

    assert "shows what is wanted" in built(tmp_path, page, "html")


def test_the_premise_of_a_clause_may_be_asked_for() -> None:
    assert torn("reference", Wanted(reaches="SRCU-1")).finding is None
    with pytest.raises(LookupError, match="shows what is wanted"):
        torn("reference", Wanted(reaches="MOVE-1"))


def test_notation_says_operations() -> None:
    scenario = parse(
        """
        # a comment
        before  set 1 gfn 0x10 pages 4 host 0x1000 log fails prepare
        T1      read 17
        T2      range 0x1001 2
        T1      write 0x12
        """
    )

    region = MemoryRegion(1, 0x10000, 0x4000, 0x1000000, LOG_DIRTY_PAGES)
    assert scenario == Scenario(
        (SetRegion(region, failure=Failure.PREPARE),),
        (
            (GuestAccess(17), GuestAccess(18, write=True)),
            (InvalidateRange(0x1001000, 0x1003000),),
        ),
    )


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("T2 tss", "line 1: 'T2' is no place; .* the next new thread is T1"),
        ("T1 tsss", "line 1: no operation 'tsss'"),
        ("T1", "line 1: an operation is missing"),
        ("T1 read", "line 1: FRAME is missing; the form is: read FRAME"),
        ("T1 read x", "FRAME has to be a number, not 'x'"),
        ("T1 read 1 2", "'2' is too much"),
        ("T1 set 0 at 1", "'gfn' was expected where 'at' stands"),
        ("T1 delete 0 fails there", "WHERE has to be one of prepare, allocate"),
    ],
)
def test_notation_says_what_it_does_not_understand(line: str, message: str) -> None:
    with pytest.raises(NotationError, match=message):
        parse(line)


@pytest.mark.parametrize("verb", FORMS)
def test_notation_reads_every_form(verb: str) -> None:
    spelled = re.sub(r"\[.*?\]", "", FORMS[verb]).replace("WHERE", "prepare")
    line = re.sub(r"\b[A-Z]+\b", "1", spelled)

    assert parse(f"T1 {line}").operations == 1


def test_search_finds_the_same_history_again() -> None:
    assert torn() == torn()


def test_search_finds_what_is_asked_for() -> None:
    found = torn()

    assert found.finding is not None
    assert found.finding.clause == "SRCU-1"
    assert isinstance(found.events[found.finding.step], Return)


def test_a_broken_history_is_not_shown_as_a_sound_one() -> None:
    """Where no clause is asked for, nothing may be broken."""
    order = (Step(2, "load table v2"), Step(1, "publish v3"), Step(2, "-> 53248"))

    assert torn(wanted=Wanted("SRCU-1", order=order)).finding is not None
    with pytest.raises(LookupError, match="shows what is wanted"):
        torn(wanted=Wanted(order=order))


def test_steps_come_in_the_order_asked_for() -> None:
    order = (Step(2, "TableLoaded"), Step(1, "publish v2"), Step(1, "publish v3"))
    found = torn("reference", Wanted(order=order))
    places = [
        next(i for i, words in enumerate(found.words) if step.words in words)
        for step in order[1:]
    ]

    assert places == sorted(places)
    loads = [
        i
        for i, e in enumerate(found.events)
        if isinstance(e, tables_points.TableLoaded)
    ]
    assert any(i < places[0] and found.events[i].thread == 2 for i in loads)


def test_reference_shows_no_torn_base() -> None:
    with pytest.raises(LookupError, match="shows what is wanted"):
        torn("reference")


def test_unknown_names_are_said() -> None:
    with pytest.raises(LookupError, match="SRCU-1000"):
        torn(wanted=Wanted("SRCU-1000"))
    with pytest.raises(LookupError, match="no fixed race 'no such'"):
        scenario_named(resolve("reference"), "no such")


def test_a_fixed_race_may_be_named() -> None:
    assert scenario_named(resolve("patch"), "TSS base beside a delete").threads


def test_picture_is_well_formed_and_its_text_fits() -> None:
    svg = picture(shown(torn(), USUAL), "one", 'Torn, with "<" in it')
    root = ET.fromstring(svg)  # noqa: S314  our own text
    name = "{http://www.w3.org/2000/svg}"
    boxes = root.findall(f"{name}g")

    assert root.get("role") == "img"
    assert len(boxes) > 1
    for box in boxes:
        rect = box.find(f"{name}rect")
        assert rect is not None
        room = float(rect.get("width", "0")) - 2 * PAD
        for text in box.findall(f"{name}text"):
            assert len(text.text or "") * CHARACTER <= room
    assert sum("broken" in box.get("class", "") for box in boxes) == 1


def test_the_broken_step_is_shown_whatever_is_hidden() -> None:
    found = torn()
    drawn = shown(found, ())

    assert [row.broken for row in drawn.rows if row.thread] == [True]
    assert drawn.left_out > 0


def test_every_kind_of_point_is_in_one_family() -> None:
    kinds = [kind for family in FAMILIES.values() for kind in family]
    points = set(get_args(events.Point))

    assert len(kinds) == len(set(kinds))
    assert points <= set(kinds)


def test_table_of_profiles_has_a_row_for_each_field() -> None:
    table = profiles_table()

    assert len(table.splitlines()) == 2 + len(FIELDS)
    assert set(CLAUSE.findall(table)) <= IDS


def test_a_value_without_words_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(profile.LINUX, max_pages=7)
    monkeypatch.setattr("profile_table.PROFILES", (other,))

    with pytest.raises(ValueError, match="no words for most pages of a slot: 7"):
        profiles_table()
