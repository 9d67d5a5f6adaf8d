"""MovieLens 100k as sequences, leave-one-out: `python -m tideline.models.prepare.ml100k WHEEL --out DIR`.

WHEEL is RecBole's (`pip download --no-deps recbole`), which carries the ratings; GroupLens does not allow passing them
on, so they are read from there and stay in DIR. train.csv has every user's ratings but his last, test.csv all of them:
evaluate it with `--target last`. Order is that of time, then of the file. A rating is a view of the film.
"""

from __future__ import annotations

import argparse
import io
import sys
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from numpy.typing import NDArray

RATINGS = "recbole/dataset_example/ml-100k/ml-100k.inter"


def main(argv: list[str]) -> int:
    """Write train.csv and test.csv; 0 on success, 2 where the wheel is not one."""
    parser = argparse.ArgumentParser(
        prog="python -m tideline.models.prepare.ml100k", description="MovieLens 100k sequences."
    )
    parser.add_argument("wheel", type=Path, help="recbole-*.whl")
    parser.add_argument("--out", type=Path, required=True, help="folder of train.csv and test.csv")
    args = parser.parse_args(argv)
    try:
        user, item, ts_s = ratings(args.wheel)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    args.out.mkdir(parents=True, exist_ok=True)
    order = np.lexsort((ts_s, user))
    user, item, ts_s = user[order], item[order], ts_s[order]
    is_last = np.r_[user[1:] != user[:-1], True]
    for name, kept in (("train", ~is_last), ("test", np.ones_like(is_last))):
        lines = zip(user[kept].tolist(), item[kept].tolist(), (ts_s[kept] * 1_000).tolist(), strict=True)
        rows = "".join(f"{who},{what},{ts_ms}\n" for who, what, ts_ms in lines)
        (args.out / f"{name}.csv").write_text("sequence_id,item_id,ts_ms\n" + rows)
        print(f"{args.out / name}.csv: {int(kept.sum())} events")
    return 0


def ratings(wheel: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return user, film and time (s) of each of the 100,000 ratings, in the order of the file.

    Raises:
        ConfigError: the wheel cannot be read or has no ratings.
    """
    try:
        with zipfile.ZipFile(wheel) as archive:
            text = archive.read(RATINGS).decode()
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        raise ConfigError("wheel", str(wheel), f"RecBole's wheel with {RATINGS}: {error}") from error
    table = np.loadtxt(io.StringIO(text), dtype=np.float64, skiprows=1)
    return tuple(table[:, column].astype(np.int64) for column in (0, 1, 3))  # type: ignore[return-value]


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
