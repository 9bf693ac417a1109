"""Every case of the museum, in the order of the clauses."""

from __future__ import annotations

import museum_cases_accesses
import museum_cases_caches
import museum_cases_dirty
import museum_cases_host
import museum_cases_lives
import museum_cases_public
import museum_cases_ranges
import museum_cases_spaces
import museum_cases_sptes
from museum_cases import Case
from museum_cases_mappings import MAPPINGS, THE_REST
from museum_cases_readers import BALANCE, DELETES, LOCKS, SECTIONS
from museum_cases_requests import LOOKUPS, ORDERS, REQUESTS, TABLES

CASES: tuple[Case, ...] = (
    *REQUESTS,
    *ORDERS,
    *TABLES,
    *LOOKUPS,
    *SECTIONS,
    *LOCKS,
    *BALANCE,
    *DELETES,
    *MAPPINGS,
    *THE_REST,
    *museum_cases_accesses.CASES,
    *museum_cases_caches.CASES,
    *museum_cases_spaces.CASES,
    *museum_cases_host.CASES,
    *museum_cases_sptes.CASES,
    *museum_cases_dirty.CASES,
    *museum_cases_lives.CASES,
    *museum_cases_public.CASES,
    *museum_cases_ranges.CASES,
)
