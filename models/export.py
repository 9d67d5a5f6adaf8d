"""From a trained network to a model folder: model.onnx (one GRU step), vocabulary, manifest, head.npz and golden.npz.

The step is the GRUCell written out, with every embedding multiplied through the input weights beforehand, so that
serving gathers three rows of sums instead of multiplying embeddings. It is exported by torch's tracing exporter
(`dynamo=False`, opset 17): it writes one file with the weights inside, and keeps the graph as lean as it is written.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import warnings
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as package_version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from tideline.models.encoder import Encoder
from tideline.models.gru import KEEP, SCALARS, X_SCALE, GRUEncoder
from tideline.models.registry import GOLDEN, HEAD, MANIFEST, MODEL, VOCABULARY, signature
from tideline.udfs.core.hashing import hash32
from tideline.udfs.core.users.features import ORGANIC_TYPES, StepInputs, Vocabulary, step_inputs

OPSET = 17
STEPS = 500
TOLERANCE = 1e-5
NAMES = ("item", "category", "type", "gap", "price", "quantity")
BATCHES = (1, 7, 64, 256, 512)


@dataclass(frozen=True, slots=True)
class Names:
    """What a network was trained on: the items with a vector of their own and the categories, each in text order."""

    items: list[str]
    categories: list[str]


@dataclass(frozen=True, slots=True)
class Training:
    """Where a model comes from; copied into its manifest."""

    data: str
    """File name, and sha256 of its events."""
    range: list[str]
    """First and last time of an event, UTC."""
    split: str
    """What validation was measured on."""
    seed: int
    epochs: int
    """Passes that the weights have seen, the last one over all events not among them."""
    ended: str
    """Why training stopped."""
    undone: str
    """What of its plan a time limit left undone; empty where nothing."""
    config: dict[str, Any]
    metrics: dict[str, dict[str, float]]
    """On the validation targets, before the pass that includes them."""


class FoldedStep(nn.Module):  # type: ignore[misc]  # torch is not type-checked here
    """One step of a trained `GRUEncoder`, with the embeddings folded into tables of what they tell gates and memory.

    Gates are laid out [r, z, n from input, n from h]: the first two may be summed before the sigmoid, the last two
    may not, since r multiplies what comes from h alone.
    """

    def __init__(self, network: GRUEncoder) -> None:
        super().__init__()
        config, gru = network.config, network.gru
        size = config.hidden
        self.hidden, self.memory = size, config.memory
        with torch.no_grad():
            item, category, kind, scalars = gru.weight_ih_l0.split(
                [config.item_width, config.category_width, config.type_width, SCALARS], dim=1
            )
            type_table = network.kind.weight @ kind.T + gru.bias_ih_l0
            type_table[:, : 2 * size] += gru.bias_hh_l0[: 2 * size]
            of_state = torch.zeros(4 * size, size + SCALARS)
            of_state[: 2 * size] = torch.cat([gru.weight_hh_l0, scalars], dim=1)[: 2 * size]
            of_state[2 * size : 3 * size, size:] = scalars[2 * size :]
            of_state[3 * size :, :size] = gru.weight_hh_l0[2 * size :]
            bias = torch.cat([torch.zeros(3 * size), gru.bias_hh_l0[2 * size :]])
            of_item, of_category = network.to_memory.weight.split([config.item_width, config.category_width], dim=1)
            self.item_table = nn.Parameter(network.item.weight @ torch.cat([item, of_item]).T)
            self.category_table = nn.Parameter(network.category.weight @ torch.cat([category, of_category]).T)
            self.memory_of_kind = nn.Parameter(network.memory_of_kind.weight * (1.0 - KEEP) ** 0.5)
            self.type_table = nn.Parameter(type_table)
            self.of_state = nn.Parameter(of_state)
            self.bias = nn.Parameter(bias)
            # One more output that is always 0 keeps x a whole vector of 16: the constant is added at its place.
            self.to_v = nn.Parameter(torch.cat([torch.zeros(1, network.state), network.to_v.weight]))
            self.v_bias = nn.Parameter(torch.cat([torch.zeros(1), network.to_v.bias]))
            self.ones = nn.Parameter(torch.ones(config.dim, 1))
            self.constant = nn.Parameter(torch.eye(1, config.dim) * X_SCALE)

    def forward(
        self, item: Tensor, category: Tensor, kind: Tensor, gap: Tensor, price: Tensor, quantity: Tensor, h: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return (h_next [B, state], x [B, dim]); item to quantity are [B], h is [B, state]."""
        size = self.hidden
        g, m = h.split([size, self.memory], 1)
        of_gates, told = (self.item_table[item] + self.category_table[category]).split([3 * size, self.memory], 1)
        given = of_gates + self.type_table[kind]
        state = torch.cat([g, gap[:, None], price[:, None], quantity[:, None]], dim=1)
        gates, n_given, n_state = nn.functional.linear(state, self.of_state, self.bias).split([2 * size, size, size], 1)
        given_gates, given_n = given.split([2 * size, size], 1)
        r, z = torch.sigmoid(gates + given_gates).split([size, size], 1)
        n = torch.tanh(given_n + n_given + r * n_state)
        h_next = torch.cat([n + z * (g - n), KEEP * m + told * self.memory_of_kind[kind]], dim=1)
        v = nn.functional.linear(h_next, self.to_v, self.v_bias)
        length = torch.sqrt(torch.matmul(v * v, self.ones) + 1.0)
        return h_next, v / length * X_SCALE + self.constant


def export(
    network: GRUEncoder, names: Names, version: int, training: Training, folder: Path, blend: dict[str, Any]
) -> None:
    """Write the artefact of a trained network, check it, and only then put it in the place of `folder`.

    `blend` is what its head has besides the network's part: nothing, or the weights and the past of `models/blend.py`.

    Raises:
        ValueError: ONNX and torch differ by more than 1e-5 over 500 steps, or a row differs between batch sizes.
        ModelError: the written folder does not load.
    """
    network.eval()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as beside:
        fresh = Path(beside) / folder.name
        fresh.mkdir()
        write_onnx(network, fresh / MODEL)
        (fresh / VOCABULARY).write_text(json.dumps(asdict(names), indent=0, ensure_ascii=False) + "\n")
        write_head(network, blend, fresh / HEAD)
        manifest = manifest_of(network, names, version, training, fresh)
        (fresh / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n")
        encoder = Encoder.load(fresh, "cpu")
        check_parity(encoder, network, fresh / GOLDEN)
        check_batches(encoder)
        if folder.exists():
            shutil.rmtree(folder)
        fresh.rename(folder)


def write_head(network: GRUEncoder, blend: dict[str, Any], path: Path) -> None:
    """Write what scores h offline: logit = (h @ map) @ vectors.T + bias, for items and for categories; and a blend."""
    parts = {
        "item_vectors": network.item.weight,
        "item_bias": network.item_bias,
        "item_map": network.item_map.weight.T,
        "category_vectors": network.category.weight,
        "category_bias": network.category_bias,
        "category_map": network.category_map.weight.T,
    }
    np.savez_compressed(path, **{name: part.detach().numpy() for name, part in parts.items()}, **blend)


def manifest_of(network: GRUEncoder, names: Names, version: int, training: Training, folder: Path) -> dict[str, Any]:
    """Return the manifest of the model that was written to `folder`."""
    config = network.config
    inputs, outputs = signature(network.state, config.dim)
    return {
        "name": folder.name,
        "version": version,
        "sha256": sha256(folder / MODEL),
        "opset": OPSET,
        "hidden": network.state,
        "dim": config.dim,
        "inputs": inputs,
        "outputs": outputs,
        "item_buckets": config.item_buckets,
        "vocabulary_sha256": sha256(folder / VOCABULARY),
        "head_sha256": sha256(folder / HEAD),
        "training": asdict(training),
        "code_version": code_version(),
        "example": example(network, Vocabulary.of(names.items, config.item_buckets, names.categories), names),
    }


def sha256(path: Path) -> str:
    """Return the hash of a file, hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def code_version() -> str:
    """Return the version of this package, or `source tree` where it is not installed."""
    try:
        return package_version("tideline")
    except PackageNotFoundError:
        return "source tree"


def write_onnx(network: GRUEncoder, path: Path) -> None:
    """Export one step of the network to a self-contained file with a free batch axis."""
    inputs, outputs = signature(network.state, network.config.dim)
    index, number = torch.zeros(2, dtype=torch.int64), torch.zeros(2)
    arguments = (index, index, index, number, number, number, torch.zeros(2, network.state))
    names = [*inputs, *outputs]
    with warnings.catch_warnings():
        # It calls itself the old one. The new one would write another graph, and nothing here needs it.
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        torch.onnx.export(
            FoldedStep(network).eval(),
            arguments,
            path,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={name: {0: "B"} for name in names},
            opset_version=OPSET,
            dynamo=False,
        )


def example(network: GRUEncoder, vocabulary: Vocabulary, names: Names) -> dict[str, list[Any]]:
    """Return raw inputs of four events and what the network makes of them: proves features and vocabulary too."""
    given: dict[str, list[Any]] = {
        "item_id": [*_spread(names.items, 2), "item-1", "item-2"],
        "category": _spread(names.categories, 4),
        "type": list(range(ORGANIC_TYPES)),
        "gap_ms": [0, 1_500, 3_600_000, 10**10],
        "price": [0.0, 0.5, 12.25, 2_000.0],
        "quantity": [0, 1, 3, 200],
        "h": torch.linspace(-0.9, 0.9, 4 * network.state).reshape(4, -1).tolist(),
    }
    inputs = step_inputs(
        vocabulary,
        np.array([hash32(text) for text in given["item_id"]], dtype=np.uint32),
        np.array([hash32(text) for text in given["category"]], dtype=np.uint32),
        np.array(given["type"], dtype=np.uint8),
        np.array(given["gap_ms"], dtype=np.int64),
        np.array(given["price"], dtype=np.float32),
        np.array(given["quantity"], dtype=np.float32),
    )
    with torch.no_grad():
        h_next, x = network(*(column[:, None] for column in tensors(inputs)), torch.tensor(given["h"]))
    return {**given, "h_next": h_next[:, 0].tolist(), "x": x[:, 0].tolist()}


def _spread(names: list[str], count: int) -> list[str]:
    """Return `count` of the names from all over the list; names that nothing has where there are none."""
    return [names[len(names) * part // count] if names else f"none-{part}" for part in range(count)]


def check_parity(encoder: Encoder, network: GRUEncoder, golden: Path) -> None:
    """Compare 500 steps of four users with torch, and keep torch's trajectory of one of them in `golden`."""
    inputs = random_inputs(network, (4, STEPS))
    with torch.no_grad():
        torch_h, torch_x = network(*tensors(inputs))
    h = np.zeros((4, encoder.hidden), dtype=np.float32)
    worst = 0.0
    for at in range(STEPS):
        h, x = encoder.step(inputs.take((slice(None), at)), h)
        worst = max(worst, np.abs(h - torch_h[:, at].numpy()).max(), np.abs(x - torch_x[:, at].numpy()).max())
    if not worst <= TOLERANCE:
        raise ValueError(f"ONNX is off by {worst:.2e} from torch; at most {TOLERANCE}")
    kept = {name: getattr(inputs, name)[0] for name in NAMES}
    np.savez_compressed(golden, **kept, h=torch_h[0].numpy(), x=torch_x[0].numpy())


def check_batches(encoder: Encoder) -> None:
    """Compare each row of batches of several sizes with the same row alone, bit for bit."""
    items, categories = encoder.vocabulary.item_indices, encoder.vocabulary.category_indices
    rows = np.arange(max(BATCHES))
    ramp = np.linspace(0.0, 1.0, rows.size, dtype=np.float32)
    down = ramp[::-1].copy()
    inputs = StepInputs(rows % items, rows % categories, rows % ORGANIC_TYPES, ramp, down, down)
    h = np.sin(np.arange(rows.size * encoder.hidden, dtype=np.float32)).reshape(rows.size, -1)
    alone = [encoder.step(inputs.take(slice(at, at + 1)), h[at : at + 1]) for at in rows]
    for size in BATCHES:
        together = encoder.step(inputs.take(slice(size)), h[:size])
        for which in (0, 1):
            if not np.array_equal(together[which], np.concatenate([one[which] for one in alone[:size]])):
                raise ValueError(f"rows of a batch of {size} differ from the same rows alone")


def random_inputs(network: GRUEncoder, shape: tuple[int, int]) -> StepInputs:
    """Return seeded inputs over all indices."""
    rng = np.random.default_rng(0)
    gap, price, quantity = rng.random((3, *shape), dtype=np.float32)
    return StepInputs(
        item=rng.integers(0, network.items, shape),
        category=rng.integers(0, network.categories, shape),
        type=rng.integers(0, ORGANIC_TYPES, shape),
        gap=gap,
        price=price,
        quantity=quantity,
    )


def tensors(inputs: StepInputs, device: str = "cpu") -> list[Tensor]:
    """Return the inputs as tensors, in the order the network takes them."""
    return [torch.from_numpy(getattr(inputs, name)).to(device) for name in NAMES]
