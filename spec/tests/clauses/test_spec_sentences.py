"""The sentences are pinned: no clause says something else without a diff.

`golden/sentences.txt` has the title, the MUST and the source of each clause. To
change one on purpose, run `make golden` and commit the file with it.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from golden_blocks import check_block, check_keys
from memslot_spec.clause import AnyClause
from memslot_spec.clauses import CLAUSES

SENTENCES = Path(__file__).parent / "golden" / "sentences.txt"


def sentences(clause: AnyClause) -> str:
    """What a clause says, a line for each of its texts."""
    return f"title:  {clause.title}\nmust:   {clause.must}\nsource: {clause.source}"


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda c: c.id)
def test_a_clause_says_what_is_pinned(clause: AnyClause, *, write_golden: bool) -> None:
    check_block(SENTENCES, clause.id, sentences(clause), write=write_golden)


def test_the_pinned_sentences_are_of_the_clauses(*, write_golden: bool) -> None:
    check_keys(SENTENCES, (clause.id for clause in CLAUSES), write=write_golden)
