"""MSNBC page categories of one day as sequences: `python -m tideline.models.prepare.msnbc ZIP --out DIR`.

ZIP is msnbc990928.zip (UCI 133): a line for each visitor, the numbers of the page categories he saw in order. There are
no times, so events are a second apart and every sequence starts at 0, which tells training that time orders nothing.
The item is the page category. Sequences of one event, 37 %, are left out: nothing can be predicted in them. test.csv
has 12,000 seeded ones, train.csv the others: evaluate with `--target all`.
"""

from __future__ import annotations

import argparse
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from pyarrow import csv as pa_csv

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

HEADER_LINES = 7
HELD_OUT = 12_000
SEED = 1


def main(argv: list[str]) -> int:
    """Write train.csv and test.csv; 0 on success, 2 where the file is not the one."""
    parser = argparse.ArgumentParser(prog="python -m tideline.models.prepare.msnbc", description="MSNBC sequences.")
    parser.add_argument("zip", type=Path, help="msnbc990928.zip")
    parser.add_argument("--out", type=Path, required=True, help="folder of train.csv and test.csv")
    args = parser.parse_args(argv)
    try:
        pages, starts = visits(args.zip)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    length = np.diff(starts)
    at_least_two = np.flatnonzero(length > 1)
    held_out = np.zeros(length.size, np.bool_)
    held_out[np.random.default_rng(SEED).permutation(at_least_two)[:HELD_OUT]] = True
    for name, chosen in (("train", (length > 1) & ~held_out), ("test", held_out)):
        kept = np.repeat(chosen, length)
        nth = np.arange(pages.size) - np.repeat(starts[:-1], length)
        columns = {
            "sequence_id": np.repeat(np.arange(length.size), length)[kept],
            "item_id": pages[kept],
            "ts_ms": nth[kept] * 1_000,
        }
        pa_csv.write_csv(pa.table(columns), args.out / f"{name}.csv")
        print(f"{args.out / name}.csv: {int(chosen.sum())} sequences, {int(kept.sum())} events")
    return 0


def visits(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the page categories 1..17 of all visits one after another, and where each begins [visits + 1].

    Raises:
        ConfigError: the file is not the archive.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            lines = archive.read(archive.namelist()[0]).split(b"\n")[HEADER_LINES:]
    except (OSError, zipfile.BadZipFile) as error:
        raise ConfigError("zip", str(path), f"msnbc990928.zip: {error}") from error
    lines = [line for line in lines if line.strip()]
    lengths = np.array([len(line.split()) for line in lines], np.int64)
    pages = np.array(b" ".join(lines).split(), dtype=np.int64)
    return pages, np.concatenate([[0], np.cumsum(lengths)])


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
