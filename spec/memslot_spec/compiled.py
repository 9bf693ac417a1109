"""Which judge runs: the one that is interpreted, or one that mypyc compiled of it.

Both say the same of every history, and a report says which of them spoke.
"""

from __future__ import annotations

from importlib.machinery import EXTENSION_SUFFIXES
from importlib.util import find_spec

JUDGE = "memslot_spec.judging.judge"


def which_judge() -> str:
    """`compiled` or `interpreted`, from the file that the judge is loaded from."""
    found = find_spec(JUDGE)
    origin = None if found is None else found.origin
    is_compiled = origin is not None and origin.endswith(tuple(EXTENSION_SUFFIXES))
    return "compiled" if is_compiled else "interpreted"
