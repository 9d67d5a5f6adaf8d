"""Peak memory and rows a second of processor time of each way to read a log, at so many rows and at a tenth of them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tideline.scripts.benchmarks.offline.analysts import one_way
from tideline.scripts.benchmarks.offline.analysts.large_log import write_log
from tideline.scripts.benchmarks.peers.peer_python import run_alone
from tideline.scripts.benchmarks.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_BYTES_MIB = 1 << 20


def measure(
    rows: int, only: Sequence[str] | None = None, run: Callable[[str, Sequence[str]], dict[str, Any]] = run_alone
) -> dict[str, Any]:
    """Return what each way took, one process each, on one thread; beside it nothing and pyarrow's whole table.

    `run` runs a module with arguments and returns what it prints.

    Raises:
        OSError: a way failed.
    """
    names = ["nothing", "table", *(name for name in only or one_way.WAYS if name not in ("nothing", "table"))]
    with tempfile.TemporaryDirectory() as folder:
        log, tenth = Path(folder) / "log.parquet", Path(folder) / "tenth.parquet"
        say(f"writing {rows:,} rows")
        write_log(tenth, rows // 10)
        write_log(log, rows)
        found = {}
        for name in names:
            say(name)
            few, every = (run(one_way.__name__, (name, str(path))) for path in (tenth, log))
            found[name] = _told(few, every, rows)
        return {"rows": rows, "log_mib": round(log.stat().st_size / _BYTES_MIB, 1), "ways": found}


def _told(few: dict[str, Any], every: dict[str, Any], rows: int) -> dict[str, Any]:
    rate = round(rows / max(every["cpu_s"], 0.01))
    return every | {"rows_per_s": rate, "of_a_tenth": few, "times": round(every["peak_mib"] / few["peak_mib"], 2)}
