"""What holds for every test, on machines of whatever speed."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A slow machine is no failure of a property: no example has a deadline, and none
# is too slow to be drawn.
settings.register_profile(
    "memslots", deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("memslots")
