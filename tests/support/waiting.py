"""Waiting with a deadline, for what a running system does in its own time."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

_Found = TypeVar("_Found")
PATIENCE_S = 300.0
"""Far beyond what a busy machine needs: only a failure waits this long."""


def wait_until(
    what: str, check: Callable[[], _Found], within_s: float = PATIENCE_S, state: Callable[[], object] | None = None
) -> _Found:
    """Return the first true value of `check`; AssertionError with `what`, and with `state()`, when time is up."""
    deadline = time.monotonic() + within_s
    while not (found := check()):
        if time.monotonic() > deadline:
            found_instead = f": {state() if state else found!r}"
            raise AssertionError(f"not within {within_s:.0f} s: {what}{found_instead}")
        time.sleep(0.05)
    return found
