"""One way to read a log, alone in a process: `python -m ... WAY LOG` ends with what it took as a line of JSON."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from time import monotonic, process_time
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyarrow import parquet

from tideline.scripts.commands import ope, report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MIB = 1024


def _table(log: Path) -> int:
    return 0 if parquet.read_table(log).num_rows else 1


WAYS: Mapping[str, Callable[[Path], int]] = MappingProxyType(
    {
        "nothing": lambda log: 0,
        "table": _table,
        "report": lambda log: report.main(["--log", str(log), "--json"]),
        "ope": lambda log: ope.main(["--log", str(log), "--policy", "uniform", "--json"]),
    }
)
"""By name, what reads a log and returns an exit status; `nothing` is a process with its imports, `table` pyarrow's."""


def main(argv: Sequence[str]) -> int:
    """Exit status 0 with {peak_mib, seconds, cpu_s} where the way's was 0, else 1."""
    name, log = argv
    started, before = monotonic(), process_time()
    with redirect_stdout(StringIO()):
        status = WAYS[name](Path(log))
    took = {"seconds": round(monotonic() - started, 2), "cpu_s": round(process_time() - before, 2)}
    print(json.dumps({"peak_mib": _peak_mib(), **took}))
    return min(status, 1)


def _peak_mib() -> float:
    """Return the most resident memory that this process ever had, by Linux; that of its parent does not count."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / _MIB, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
