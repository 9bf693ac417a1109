"""The choices: every place where the plan or a clause allows several answers.

A new latitude in the plan or in a clause is a new entry here. Ids are permanent,
as those of clauses are.
"""

from __future__ import annotations

from memslot_spec.choice import AnyChoice
from memslot_spec.choices import caches, delete, errors, mmu, readers, requests

CHOICES: tuple[AnyChoice, ...] = (
    *delete.ACCESSES,
    *readers.TABLES_READ,
    *delete.FLUSHES,
    *readers.GRACE_PERIODS,
    *requests.CHOICES,
    *errors.CHOICES,
    *mmu.CHOICES,
    *caches.CHOICES,
)
