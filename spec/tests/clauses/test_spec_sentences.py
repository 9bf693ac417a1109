"""The sentences are pinned: no clause says something else without a diff.

`golden/sentences.txt` has the title and the MUST of each clause, how it is known, and
whether others imply it. To change one on purpose, run `make golden` and commit the
file with it.
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
    lines = [("title", clause.title), ("must", clause.must)]
    lines += [(way.value, words) for way, words in clause.known.words]
    if clause.implied is not None:
        by = ", ".join(clause.implied.by)
        lines.append(("implied", f"by {by}: {clause.implied.because}"))
    return "\n".join(f"{name + ':':<9} {words}" for name, words in lines)


@pytest.mark.parametrize("clause", CLAUSES, ids=lambda c: c.id)
def test_a_clause_says_what_is_pinned(clause: AnyClause, *, write_golden: bool) -> None:
    check_block(SENTENCES, clause.id, sentences(clause), write=write_golden)


def test_the_pinned_sentences_are_of_the_clauses(*, write_golden: bool) -> None:
    check_keys(SENTENCES, (clause.id for clause in CLAUSES), write=write_golden)
