"""The one set of parameters of a model and its training; defaults follow the size of the data.

A parameter file (`models/params/*.json`) is a JSON object of some of the fields below; the others keep their default.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

FULL_SOFTMAX_UP_TO = 5_000
"""Items up to which the loss is over all of them when no parameter says otherwise."""
LOSSES = ("sampled_ce", "bpr_max", "gbce")


@dataclass(frozen=True, slots=True)
class Config:
    """Sizes of the network and how it is trained."""

    hidden: int = 64
    """Numbers of the GRU's part of h."""
    memory: int = 64
    """Numbers of its other part, the decayed sum of what the events were about."""
    dim: int = 16
    """Numbers of x, its constant first."""
    item_width: int = 64
    category_width: int = 32
    type_width: int = 4
    known_items: int = 50_000
    """At most so many items, the most frequent ones, get a vector of their own."""
    min_count: int = 2
    """An item in fewer events gets none; it shares that of its hash bucket."""
    item_buckets: int = 255
    dropout: float = 0.2
    """Of the embedded inputs and of h below the heads."""
    loss: Literal["sampled_ce", "bpr_max", "gbce"] = "sampled_ce"
    """Of the next item."""
    negatives: int = 0
    """Items drawn for each batch to hold the next one against; 0 = all of them."""
    alpha: float = 0.75
    """Negatives are drawn in proportion to (count of the item)**alpha."""
    item_weight: float = 1.0
    """Of the next item's loss in the sum."""
    category_weight: float = 0.5
    """Of the next category's loss."""
    x_weight: float = 0.2
    """Of the loss of what is linear on x: the next category, or the next item where there are no categories."""
    epochs: int = 10
    """At most so many passes."""
    steps: int = 100_000_000
    """At most so many events, over all passes before the last one; a pass may end in its middle."""
    batch: int = 1_024
    """Predictions of one step of the optimiser, about."""
    learning_rate: float = 4e-3
    patience: int = 2
    """Passes without a better validation loss after which training ends."""
    refresh: float = 0.1
    """Learning rate, as a share, of the last pass, which includes the validation events; 0 = no such pass."""
    past: int = 0
    """Newest training events, at most, that the head keeps to mix what followed them into what the network says; 0 =
    none, the network alone."""


def default(items: int, events: int) -> Config:
    """Return the parameters for data of so many distinct items and events."""
    if items > FULL_SOFTMAX_UP_TO:
        drawn = Config(hidden=96, memory=96, item_width=96, dropout=0.3, negatives=1_024)
        return replace(drawn, steps=12_000_000, learning_rate=8e-3, past=4_000_000)
    return Config(dropout=0.4, epochs=40, patience=3) if events < 300_000 else Config()


def with_file(config: Config, path: Path) -> Config:
    """Return the parameters with those of a file in their place.

    Raises:
        ConfigError: the file cannot be read, or has a parameter that is unknown, of another type or out of range.
    """
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ConfigError("params", str(path), f"a JSON file: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError("params", str(path), "a JSON object")
    known = {field.name for field in fields(Config)}
    for key, value in content.items():
        if key not in known:
            raise ConfigError(key, value, f"parameters {', '.join(sorted(known))}")
        _check(key, value, getattr(config, key))
    return replace(config, **content)


_RANGES: dict[str, tuple[float, float]] = {
    "hidden": (1, 1_024),
    "memory": (1, 1_024),
    "dim": (2, 256),
    "known_items": (0, 10_000_000),
    "min_count": (1, 1_000_000),
    "item_buckets": (1, 1 << 24),
    "dropout": (0.0, 0.9),
    "negatives": (0, 100_000),
    "alpha": (0.0, 1.0),
    "item_weight": (0.0, 100.0),
    "category_weight": (0.0, 100.0),
    "x_weight": (0.0, 100.0),
    "steps": (1, 10**12),
    "past": (0, 10**9),
    "learning_rate": (1e-6, 1.0),
    "refresh": (0.0, 1.0),
}
_WHOLE = (1, 1_000_000)


def _check(key: str, value: Any, now: Any) -> None:
    if isinstance(now, str):
        if value not in LOSSES:
            raise ConfigError(key, value, ", ".join(LOSSES))
        return
    kinds = (int, float) if isinstance(now, float) else (int,)
    low, high = _RANGES.get(key, _WHOLE)
    if isinstance(value, bool) or not isinstance(value, kinds) or not low <= value <= high:
        raise ConfigError(key, value, f"{'a number' if isinstance(now, float) else 'a whole number'} {low}..{high}")
