"""One way to read a log or a clickstream, alone in a process: `python -m ... WAY FILE` ends with a line of JSON."""

from __future__ import annotations

import json
import sys
from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, process_time
from types import MappingProxyType
from typing import TYPE_CHECKING

from pyarrow import parquet

from tideline.scripts.commands import ope, report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

TEST = "test.parquet"
"""Lies beside a clickstream to evaluate on."""
STEPS = 200_000
"""Of the encoder, however many events there are: what it learns from them costs the same."""
_MIB = 1024
_MODEL = Path(__file__).resolve().parents[4] / "models" / "artefacts" / "demo-2"


def _table(log: Path) -> int:
    return 0 if parquet.read_table(log).num_rows else 1


def _read(stream: Path) -> int:
    from tideline.models import topic_data  # here and below: nobody else is to have these imports in his memory

    return 0 if topic_data.load(str(stream)).item.size else 1


def _train(stream: Path) -> int:
    from tideline.models import train

    with TemporaryDirectory() as folder:
        params = Path(folder) / "params.json"
        params.write_text(json.dumps({"steps": STEPS}))
        given = ["--data", str(stream), "--params", str(params), "--out", str(Path(folder) / "model"), "--threads", "1"]
        return train.main(given)


def _evaluate(stream: Path) -> int:
    from tideline.models import evaluate

    files = ["--train", str(stream), "--data", str(stream.with_name(TEST)), "--model", str(_MODEL)]
    return evaluate.main([*files, "--workers", "1", "--json"])


WAYS: Mapping[str, Callable[[Path], int]] = MappingProxyType(
    {
        "nothing": lambda log: 0,
        "table": _table,
        "report": lambda log: report.main(["--log", str(log), "--json"]),
        "ope": lambda log: ope.main(["--log", str(log), "--policy", "uniform", "--json"]),
        "read": _read,
        "train": _train,
        "evaluate": _evaluate,
    }
)
"""By name, what reads a file and returns an exit status; `nothing` is a process with its imports, `table` pyarrow's."""
OF_A_STREAM = ("read", "train", "evaluate")
"""Ways to read an archived clickstream; the others read a log."""


def main(argv: Sequence[str]) -> int:
    """Exit status 0 with {peak_mib, seconds, cpu_s} where the way's was 0, else 1."""
    name, file = argv
    started, before = monotonic(), process_time()
    with redirect_stdout(StringIO()):
        status = WAYS[name](Path(file))
    took = {"seconds": round(monotonic() - started, 2), "cpu_s": round(process_time() - before, 2)}
    print(json.dumps({"peak_mib": _peak_mib(), **took}))
    return min(status, 1)


def _peak_mib() -> float:
    """Return the most resident memory that this process ever had, by Linux; that of its parent does not count."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return round(int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / _MIB, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
