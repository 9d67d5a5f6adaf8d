"""Peak memory and rows a second of processor time of each way to read a log or a clickstream, at all and a tenth."""

from __future__ import annotations

import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tideline.scripts.benchmarks.offline.analysts import one_way
from tideline.scripts.benchmarks.offline.analysts.large_log import write_log
from tideline.scripts.benchmarks.offline.analysts.large_stream import write_stream
from tideline.scripts.benchmarks.peers.peer_python import run_alone
from tideline.scripts.benchmarks.progress import say

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_BYTES_MIB = 1 << 20
_BESIDE = ("nothing", "table")
_TEST_ROWS = 20_000
_WRITERS: Mapping[str, Callable[[Path, int], None]] = MappingProxyType({"log": write_log, "stream": write_stream})


def measure(
    rows: int, only: Sequence[str] | None = None, run: Callable[[str, Sequence[str]], dict[str, Any]] = run_alone
) -> dict[str, Any]:
    """Return what each way took, one process each, on one thread; beside those of a log nothing and pyarrow's table.

    `run` runs a module with arguments and returns what it prints.

    Raises:
        OSError: a way failed.
    """
    wanted = _wanted(only)
    with tempfile.TemporaryDirectory() as folder:
        found: dict[str, Any] = {}
        mib = {}
        for kind, write in _WRITERS.items():
            names = [name for name in wanted if (name in one_way.OF_A_STREAM) == (kind == "stream")]
            if not names:
                continue
            every, tenth = Path(folder) / f"{kind}.parquet", Path(folder) / f"{kind}-tenth.parquet"
            say(f"{kind}: writing {rows:,} rows")
            write(tenth, max(rows // 10, 1))
            write(every, rows)
            mib[kind] = round(every.stat().st_size / _BYTES_MIB, 1)
            if kind == "stream":
                write(Path(folder) / one_way.TEST, _TEST_ROWS)
            for name in (*(_BESIDE if kind == "log" else ()), *names):
                say(name)
                of_tenth, of_every = (run(one_way.__name__, (name, str(path))) for path in (tenth, every))
                found[name] = _told(of_tenth, of_every, rows)
        return {"rows": rows, "mib": mib, "ways": found}


def _wanted(only: Sequence[str] | None) -> list[str]:
    wanted = [name for name in only or one_way.WAYS if name not in _BESIDE]
    if only is None and find_spec("torch") is None:
        say("train is left out: it needs scripts/setup --train")
        wanted.remove("train")
    return wanted


def _told(few: dict[str, Any], every: dict[str, Any], rows: int) -> dict[str, Any]:
    rate = round(rows / max(every["cpu_s"], 0.01))
    return every | {"rows_per_s": rate, "of_a_tenth": few, "times": round(every["peak_mib"] / few["peak_mib"], 2)}
