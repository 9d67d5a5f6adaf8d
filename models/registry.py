"""Model folders: what is in one, whether it is whole, and which one is current.

A model folder holds `model.onnx` (one self-contained file), `vocabulary.json` (the names it knows) and `manifest.json`;
`head.npz` and `golden.npz` are read by evaluation and by the gates of publishing, never by the job. A registry is a
folder of such folders and `pointers.json`, which names the current and the previous one and is replaced by one atomic
rename.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ModelError
from tideline.udfs.core.context import DIM
from tideline.udfs.core.users.features import Vocabulary

if TYPE_CHECKING:
    from pathlib import Path

MODEL = "model.onnx"
MANIFEST = "manifest.json"
VOCABULARY = "vocabulary.json"
HEAD = "head.npz"
GOLDEN = "golden.npz"
POINTERS = "pointers.json"

_MANIFEST_TYPES: dict[str, type] = {
    "name": str,
    "version": int,
    "sha256": str,
    "opset": int,
    "hidden": int,
    "dim": int,
    "inputs": dict,
    "outputs": dict,
    "item_buckets": int,
    "vocabulary_sha256": str,
    "head_sha256": str,
    "training": dict,
    "code_version": str,
    "example": dict,
}
_EXAMPLE_KEYS = ("item_id", "category", "type", "gap_ms", "price", "quantity", "h", "h_next", "x")


class Refusal(StrEnum):
    """Why a model is not served: the `reason` of a ModelError, and a metric label."""

    MANIFEST = "manifest"
    """manifest.json is missing, is not JSON, lacks a field, or has one out of range."""
    MISSING_FILE = "missing_file"
    """A file that the manifest describes is not there."""
    SHA256 = "sha256"
    """A file is not the one the manifest describes."""
    VOCABULARY = "vocabulary"
    """vocabulary.json is not two lists of different names."""
    NOT_LOADABLE = "not_loadable"
    """ONNX Runtime cannot make a session of it."""
    SIGNATURE = "signature"
    """Its inputs or outputs have other names, shapes or types than agreed."""
    NOT_FINITE = "not_finite"
    """It gives NaN or infinity."""
    NORM = "norm"
    """It gives an x longer than 1."""
    EXAMPLE = "example"
    """It does not give the stored outputs for the stored inputs."""
    PROVIDER = "provider"
    """CUDA was demanded and is not there."""
    POINTER = "pointer"
    """The pointers of the registry cannot be read, or there is no previous model to go back to."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """What `manifest.json` says; every field has been checked for type and range."""

    name: str
    version: int
    """1..65535; goes into every list and token."""
    sha256: str
    """Of model.onnx, hexadecimal."""
    opset: int
    hidden: int
    """Length of h; a user's state has room for 255."""
    dim: int
    """Length of x: that of the policy."""
    inputs: dict[str, Any]
    """As of `signature`."""
    outputs: dict[str, Any]
    item_buckets: int
    vocabulary_sha256: str
    head_sha256: str
    training: dict[str, Any]
    """data, range, split, seed, epochs, ended, undone, config, metrics."""
    code_version: str
    example: dict[str, Any]
    """Raw inputs and expected outputs of a few rows, lists of one length."""


def signature(hidden: int, dim: int) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the agreed inputs and outputs of a model: {name: [dtype, axis, ...]}, "B" being the batch."""
    indices: dict[str, Any] = {name: ["int64", "B"] for name in ("item", "category", "type")}
    numbers: dict[str, Any] = {name: ["float32", "B"] for name in ("gap", "price", "quantity")}
    state = ["float32", "B", hidden]
    return indices | numbers | {"h": state}, {"h_next": state, "x": ["float32", "B", dim]}


def verify(folder: Path) -> Manifest:
    """Return the manifest of a model folder whose model and vocabulary are whole; the model itself is not run.

    Raises:
        ModelError: reasons manifest, missing_file, sha256, signature.
    """
    manifest = _manifest(folder)
    check_file(folder, MODEL, manifest.sha256)
    check_file(folder, VOCABULARY, manifest.vocabulary_sha256)
    if (manifest.inputs, manifest.outputs) != signature(manifest.hidden, manifest.dim):
        raise ModelError(Refusal.SIGNATURE, f"{folder.name}: inputs or outputs in the manifest are not the agreed ones")
    return manifest


def check_file(folder: Path, name: str, sha256: str) -> None:
    """Do nothing where the file of a model folder has this hash.

    Raises:
        ModelError: reasons missing_file, sha256.
    """
    try:
        found = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    except OSError as error:
        raise ModelError(Refusal.MISSING_FILE, f"{folder.name}/{name}: {error.strerror}") from error
    if found != sha256:
        raise ModelError(Refusal.SHA256, f"{folder.name}/{name} has {found}, the manifest says {sha256}")


def vocabulary(folder: Path, manifest: Manifest) -> Vocabulary:
    """Return the vocabulary of a verified model folder.

    Raises:
        ModelError: reason vocabulary.
    """
    try:
        content = json.loads((folder / VOCABULARY).read_text())
        items, categories = _names(content["items"]), _names(content["categories"])
        return Vocabulary.of(items, manifest.item_buckets, categories)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(Refusal.VOCABULARY, f"{folder.name}/{VOCABULARY}: {error}") from error


def _names(content: object) -> list[str]:
    if not isinstance(content, list) or not all(isinstance(name, str) for name in content):
        raise TypeError("items and categories must be lists of names")
    return content


def publish(root: Path, name: str) -> None:
    """Make the model in root/name current and the one before it previous, by one atomic rename.

    Raises:
        ModelError: as of `verify`; nothing is changed then.
    """
    verify(root / name)
    present = current(root)
    if present != name:
        _point(root, {"current": name, "previous": present})


def current(root: Path) -> str | None:
    """Return the name of the current model; None before the first was published.

    Raises:
        ModelError: reason pointer, where the pointers cannot be read.
    """
    return _pointers(root).get("current")


def previous(root: Path) -> str | None:
    """Return the name of the model that was current before; None where there is none. Raises as `current` does."""
    return _pointers(root).get("previous")


def _manifest(folder: Path) -> Manifest:
    path = folder / MANIFEST
    try:
        content = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise ModelError(Refusal.MANIFEST, f"{folder.name}/{MANIFEST}: {error}") from error
    if not isinstance(content, dict):
        raise ModelError(Refusal.MANIFEST, f"{folder.name}/{MANIFEST} is not a JSON object")
    for key, kind in _MANIFEST_TYPES.items():
        if not isinstance(content.get(key), kind) or isinstance(content[key], bool):
            raise ModelError(Refusal.MANIFEST, f"{folder.name}/{MANIFEST}: {key} must be of type {kind.__name__}")
    manifest = Manifest(**{key: content[key] for key in _MANIFEST_TYPES})
    _check_ranges(folder, manifest)
    return manifest


def _check_ranges(folder: Path, manifest: Manifest) -> None:
    allowed = {
        "version": (1, 65_535),
        "hidden": (1, 255),
        "dim": (DIM, DIM),
        "item_buckets": (1, 1 << 24),
    }
    for key, (low, high) in allowed.items():
        if not low <= getattr(manifest, key) <= high:
            raise ModelError(Refusal.MANIFEST, f"{folder.name}/{MANIFEST}: {key} must be in {low}..{high}")
    columns = [manifest.example.get(key) for key in _EXAMPLE_KEYS]
    lengths = {len(column) if isinstance(column, list) else 0 for column in columns}
    if len(lengths) != 1 or 0 in lengths:
        raise ModelError(Refusal.MANIFEST, f"{folder.name}/{MANIFEST}: example: {_EXAMPLE_KEYS} must be as long")


def _pointers(root: Path) -> dict[str, str]:
    try:
        content = json.loads((root / POINTERS).read_text())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ModelError(Refusal.POINTER, f"{root.name}/{POINTERS}: {error}") from error
    if not isinstance(content, dict) or not all(name is None or isinstance(name, str) for name in content.values()):
        raise ModelError(Refusal.POINTER, f"{root.name}/{POINTERS} is not a JSON object of names")
    return {key: name for key, name in content.items() if name is not None}


def _point(root: Path, pointers: dict[str, str | None]) -> None:
    beside = root / f"{POINTERS}.new"
    with beside.open("w") as file:
        json.dump(pointers, file)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(root / POINTERS)
