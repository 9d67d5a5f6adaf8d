"""What the ranking benchmark asks of every library, and its clock. Imports nothing of the product."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

ACTIVITIES = (50, 200, 1_000, 10_000)
WIDE = 32
USERS = 256
LIST_SIZE = 10


def best_us(run: Callable[[], object], users: int, repeats: int) -> float:
    """Return the microseconds a user of the fastest of some runs, the first not counted."""
    run()
    taken = []
    for _ in range(repeats):
        started = time.perf_counter()
        run()
        taken.append(time.perf_counter() - started)
    return round(min(taken) * 1e6 / users, 2)
