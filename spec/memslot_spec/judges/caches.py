"""Who judges the points of generations and of cached MMIO."""

from __future__ import annotations

from memslot_spec.history.points.caches import (
    CachesUpdated,
    GenerationSet,
    MmioCached,
    MmioHit,
    PfnCacheValid,
)
from memslot_spec.judges.row import (
    ANY_TIME,
    ANYBODY,
    AS_OFTEN,
    UNBOUNDED,
    Row,
    by,
    nobody,
    point,
)

ROWS: tuple[Row, ...] = (
    point(
        GenerationSet,
        who=nobody("the update whose table it is"),
        says=by("GEN-1", "GEN-5"),
        not_before=by("GEN-3", "GEN-4"),
        latest=by("GEN-2"),
        often=by("GEN-1"),
        holes=("the number is stored in the table of another address space",),
    ),
    point(
        CachesUpdated,
        who=nobody("the update whose generation it is"),
        says=nobody("where sptes are left on a wrap, GEN-6 speaks as soon as one hits"),
        not_before=ANY_TIME,
        latest=by("GEN-4"),
        often=AS_OFTEN,
    ),
    point(
        MmioCached,
        who=by("CACHE-5"),
        says=by("CACHE-3"),
        not_before=ANY_TIME,
        latest=by("GEN-7", "CACHE-4"),
        often=AS_OFTEN,
    ),
    point(
        MmioHit,
        who=ANYBODY,
        says=by("CACHE-2", "CACHE-4"),
        not_before=ANY_TIME,
        latest=by("GEN-6", "GEN-7", "CACHE-1"),
        often=nobody("a hit is as good as a lookup"),
    ),
    point(
        PfnCacheValid,
        who=ANYBODY,
        says=nobody("what a use of the cache reaches is judged by its reply"),
        not_before=by("CACHE-21"),
        latest=UNBOUNDED,
        often=AS_OFTEN,
    ),
)
