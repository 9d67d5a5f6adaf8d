"""Model folders that can be scored without a training: a committed step with a head that knows what is popular."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tideline.models.registry import HEAD, verify, vocabulary
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import item_index

ARTEFACTS = Path(__file__).parents[2] / "models" / "artefacts"
ITEMS = [f"sku-{number}" for number in range(40)]
"""In falling order of popularity, in the files of `write_sequences`."""


def model_folder(root: Path, artefact: str, likes_popular: float, name: str | None = None) -> Path:
    """Copy an artefact into a registry and give it a head; the higher `likes_popular`, the better for the files below.

    At 1 the head gives each item its share of all events, at 0 all items the same, below that the rare ones more.
    """
    folder = root / (name or artefact)
    shutil.copytree(ARTEFACTS / artefact, folder)
    manifest = verify(folder)
    known = vocabulary(folder, manifest)
    bias = np.full(known.item_indices, -20.0, np.float32)
    index = item_index(np.array([hash32(name) for name in ITEMS], np.uint32), known)
    bias[index] = likes_popular * np.log(_shares())
    rng = np.random.default_rng(manifest.version)
    np.savez_compressed(
        folder / HEAD,
        item_vectors=rng.normal(size=(known.item_indices, 4)).astype(np.float32) * 0.01,
        item_bias=bias,
        item_map=rng.normal(size=(manifest.hidden, 4)).astype(np.float32) * 0.01,
        category_vectors=np.zeros((known.category_indices, 4), np.float32),
        category_bias=np.zeros(known.category_indices, np.float32),
        category_map=np.zeros((manifest.hidden, 4), np.float32),
    )
    change_manifest(folder, head_sha256=hashlib.sha256((folder / HEAD).read_bytes()).hexdigest())
    return folder


def change_manifest(folder: Path, **changes: object) -> None:
    """Replace fields of a manifest."""
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def write_sequences(path: Path, seed: int, sequences: int = 150) -> Path:
    """Write sequences of six events whose items are drawn by their popularity."""
    rng = np.random.default_rng(seed)
    lines = ["sequence_id,item_id,ts_ms"]
    for sequence in range(sequences):
        for at, item in enumerate(rng.choice(len(ITEMS), 6, p=_shares()).tolist()):
            lines.append(f"s{sequence},{ITEMS[item]},{1_700_000_000_000 + at * 1_000}")
    path.write_text("\n".join(lines) + "\n")
    return path


def _shares() -> NDArray[np.float64]:
    weights = 1.0 / np.arange(1, len(ITEMS) + 1) ** 1.5
    shares: NDArray[np.float64] = weights / weights.sum()
    return shares
