"""A log of an activity with variants, as `tideline export` writes it."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyarrow import parquet

if TYPE_CHECKING:
    from pathlib import Path

COSTS = {"red": 1.0, "blue": 2.0, "cow": 0.5}
RATES = {"red": 0.1, "blue": 0.1, "cow": 0.3}


def variant_rows(users: int, objective: str = "click", rates: dict[str, float] | None = None) -> dict[str, Any]:
    """Return columns: each user sees c08-0042 once, in one of three variants, and another activity without any.

    Every tenth entry is of a variant that is no longer known, and each fifth may still convert.
    """
    draw, chosen = random.Random(5), rates or RATES
    names = [draw.choice(list(COSTS)) for _ in range(users)]
    about = {"kind": "coupon", "categories": [], "labels": {}, "variants": list(COSTS), "objective": objective}
    about |= {"split": "even", "costs": COSTS}
    clicked = [int(draw.random() < chosen[name]) for name in names]
    none: list[Any] = [None] * users
    return {
        "user": [f"{at:016x}" for at in range(users)] * 2,
        "action": ["c08-0042"] * users + ["other"] * users,
        "ts_ms": [1_700_000_000_000 + at for at in range(users)] * 2,
        "variant": [name if at % 10 else "" for at, name in enumerate(names)] + [""] * users,
        "variant_share": pa.array([1 / 3] * users + none, pa.float64()),
        "about": [json.dumps(about)] * users + ['{"kind": "", "categories": [], "labels": {}}'] * users,
        "click": clicked * 2,
        "conversion": clicked * 2,
        "revenue": [4.0 * each for each in clicked] * 2,
        "mature": [at % 5 > 0 for at in range(users)] * 2,
    }


def write_variant_log(path: Path, users: int, objective: str = "click", rates: dict[str, float] | None = None) -> Path:
    """Write such a log; return its path."""
    parquet.write_table(pa.table(variant_rows(users, objective, rates)), path)
    return path
