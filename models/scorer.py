"""What a model folder predicts to come next: the served ONNX step over the online windows, and its offline heads."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from tideline.models.blend import LEAST, Blend, Past
from tideline.models.encoder import Encoder
from tideline.models.registry import HEAD, check_file, verify
from tideline.models.sequences import event_inputs, hashes_of
from tideline.udfs.core.users.features import item_index, known_index
from tideline.udfs.core.users.interest import window_length

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.models.data import Sequences
    from tideline.udfs.core.users.features import StepInputs

UNKNOWN = 1e-9
"""Probability of a category that the model does not know."""
_BATCH = 512  # results are proven bit-identical for a row in batches up to this


class Scorer:
    """A loaded model folder with its heads. Made by `Scorer.load`."""

    def __init__(self, encoder: Encoder, head: dict[str, NDArray[Any]]) -> None:
        self.encoder = encoder
        self._head = head
        self._blend = Blend(Past.from_head(head)) if "blend" in head else None
        self._inputs: tuple[Sequences, StepInputs] | None = None
        self._told: tuple[Sequences, Sequences] | None = None

    @classmethod
    def load(cls, folder: Path) -> Scorer:
        """Load a model folder with its head.npz, on the CPU.

        Raises:
            ModelError: the folder is refused, or its head is missing or not the one of its manifest.
        """
        check_file(folder, HEAD, verify(folder).head_sha256)
        with np.load(folder / HEAD) as head:
            return cls(Encoder.load(folder, "cpu"), {name: head[name] for name in head.files})

    def log_scores(
        self, data: Sequences, rows: NDArray[np.int64], of: Literal["item", "category"], names: NDArray[np.object_]
    ) -> NDArray[np.float32]:
        """Return log probabilities [B, N] that the events `rows` [B] are about `names` [N], from what came before each.

        Items in one hash bucket share its probability equally; a category that is not known has `UNKNOWN`. Where
        the head has a blend, items are scored by it. No row may be the first of its sequence.
        """
        h, _ = self.encode(data, rows)
        queries = h @ self._head[f"{of}_map"]
        logits = queries @ self._head[f"{of}_vectors"][1:].T + self._head[f"{of}_bias"][1:]
        logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        vocabulary = self.encoder.vocabulary
        if of == "item":
            place = item_index(hashes_of(names)[:-1], vocabulary) - 1
            share = np.log(np.bincount(place, minlength=logits.shape[1])[place])
            found: NDArray[np.float32] = logits[:, place]
            found -= share.astype(np.float32)
            return found if self._blend is None else self._blended(self._blend, found, data, rows, names)
        place = known_index(hashes_of(names)[:-1], vocabulary.hashes) - 1
        unknown = np.full((rows.size, 1), np.log(UNKNOWN), np.float32)
        known: NDArray[np.float32] = np.concatenate([logits, unknown], axis=1)
        return known[:, place]

    def _blended(
        self,
        blend: Blend,
        network: NDArray[np.float32],
        data: Sequences,
        rows: NDArray[np.int64],
        names: NDArray[np.object_],
    ) -> NDArray[np.float32]:
        """Return the log probabilities of the blend from those of the network, both [B, N]."""
        if self._told is None or self._told[0] is not data:
            self._told = data, blend.told(data)
        place = blend.places(names)[:-1]
        sharing = np.bincount(place[place >= 0], minlength=blend.items)
        mixed, left = blend.mixed(self._told[1], rows, self._head["blend"])
        given = np.where(place >= 0, mixed[:, place] / np.maximum(sharing, 1)[place], 0.0)
        given += left[:, None] * np.exp(network.astype(np.float64))
        found: NDArray[np.float32] = np.log(np.maximum(given, LEAST)).astype(np.float32)
        return found

    def encode(self, data: Sequences, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return (h [B, hidden], x [B, dim]) that the online job has just before each of the events `rows` [B]."""
        if self._inputs is None or self._inputs[0] is not data:
            self._inputs = data, event_inputs(data, self.encoder.vocabulary)
        inputs = self._inputs[1]
        before = rows - data.starts[np.searchsorted(data.starts, rows, side="right") - 1]
        lengths = window_length(before)
        order = np.argsort(-lengths, kind="stable")  # rows whose window has begun are then a prefix
        h = np.zeros((rows.size, self.encoder.hidden), np.float32)
        x = np.zeros((rows.size, self.encoder.dim), np.float32)
        for start in range(0, rows.size, _BATCH):
            part = order[start : start + _BATCH]
            h[part], x[part] = self._encode_sorted(inputs, rows[part], lengths[part])
        return h, x

    def _encode_sorted(
        self, inputs: StepInputs, rows: NDArray[np.int64], lengths: NDArray[np.int64]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Encode windows of falling lengths, aligned at their newest event."""
        h = np.zeros((rows.size, self.encoder.hidden), np.float32)
        x = np.zeros((rows.size, self.encoder.dim), np.float32)
        for back in range(int(lengths[0]), 0, -1):
            count = int(np.searchsorted(-lengths, -back, side="right"))
            step = inputs.take(rows[:count] - back)
            step.gap[lengths[:count] == back] = 0.0
            h[:count], x[:count] = self.encoder.step(step, h[:count])
        return h, x
