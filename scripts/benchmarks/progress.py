"""What a benchmark says while it runs, on standard error: standard output is for its results."""

from __future__ import annotations

import sys
import time

_started_s = time.monotonic()


def say(line: str) -> None:
    """Print a line with the seconds since the start."""
    print(f"[{time.monotonic() - _started_s:6.1f} s] {line}", file=sys.stderr, flush=True)
