#!/usr/bin/env python3
"""Train the interest encoder on a file of sequences: `models/train.py --data FILE --out DIR`.

FILE is CSV or Parquet as `models/data.py` says. DIR becomes a model folder (model.onnx, vocabulary.json, manifest.json,
head.npz, golden.npz) named after itself. Without parameters the defaults follow the size of the data; the last tenth of
the events in time is held out for early stopping and then included in a last pass. The same command runs on CPU and
GPU. Progress goes to stderr, the validation metrics to stdout.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

_ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:1] = [str(_ROOT)]
    venv = _ROOT / ".venv"
    if find_spec("torch") is None and Path(sys.prefix) != venv and (venv / "bin" / "python").exists():
        os.execv(venv / "bin" / "python", [str(venv / "bin" / "python"), __file__, *sys.argv[1:]])  # noqa: S606
    if find_spec("torch") is None:
        raise SystemExit("training needs torch: run scripts/setup --train")

# ruff: noqa: E402  # the paths above come first
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.config import Config, default, with_file
from models.data import Sequences, read
from models.export import Names, Training, export, tensors
from models.gru import GRUEncoder
from models.losses import bpr_max, expected_draws, gbce, sampled_cross_entropy
from models.sequences import event_inputs, window_inputs, windows
from models.split import Split, split
from udfs.core.errors import ConfigError
from udfs.core.features import StepInputs, Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from models.sequences import Windows

SCORED = 6_000
"""At most about so many validation targets are scored after a pass."""
WARM_UP = 0.05
SLACK = 0.05
"""Share of the time that is up before the learning rate looks at the clock: short runs repeat bit for bit."""
REFRESH_SHARE = 0.15
"""Of the time: left for the last pass."""


@dataclass(frozen=True, slots=True)
class Task:
    """What is trained on."""

    config: Config
    data: Sequences
    inputs: StepInputs
    """Of every event."""
    held_out: Split
    weights: NDArray[np.float64]
    """[items] how often each item index is a target of training."""
    seed: int
    device: str


def main(argv: list[str]) -> int:
    """Train, export and print the validation metrics as JSON; 0 on success, 2 on a bad argument."""
    args = arguments(argv)
    started = time.monotonic()
    torch.set_num_threads(args.threads)
    torch.use_deterministic_algorithms(True, warn_only=True)  # on CUDA a few sums stay unordered
    try:
        data = read(args.data)
        config = default(data.item_names.size, data.item.size)
        config = with_file(config, args.params) if args.params else config
        device = chosen_device(args.device)
    except ConfigError as error:
        say(str(error))
        return 2
    names, vocabulary = vocabulary_of(data, config)
    inputs = event_inputs(data, vocabulary)
    held_out = split(data, args.seed, args.valid_from_ms)
    say(f"{args.data.name}: {data.names.size} sequences, {data.item.size} events, {data.item_names.size} items")
    say(f"held out: {int(held_out.valid.sum())} of the targets; {held_out.how}")
    targets = np.bincount(inputs.item[~held_out.valid], minlength=vocabulary.item_indices).astype(np.float64)
    task = Task(config, data, inputs, held_out, targets, args.seed, device)

    torch.manual_seed(args.seed)
    network = GRUEncoder(config, vocabulary.item_indices, vocabulary.category_indices).to(device)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out.with_name(args.out.name + ".checkpoint")
    ends = started + 60.0 * args.minutes
    epochs, ended = fit(network, task, ends, checkpoint, resume=args.resume)
    metrics = validate(network, task)
    if config.refresh and held_out.valid.any():
        say("a last pass that includes what was held out")
        refresh(network, task, ends)
    training = Training(
        data=f"{args.data.name} sha256 {hashlib.sha256(args.data.read_bytes()).hexdigest()}",
        range=[utc(int(data.ts_ms.min())), utc(int(data.ts_ms.max()))],
        split=held_out.how,
        seed=args.seed,
        epochs=epochs,
        ended=ended,
        config=asdict(config),
        metrics={"gru": metrics},
    )
    export(network.cpu(), names, args.version, training, args.out)
    checkpoint.unlink(missing_ok=True)
    say(f"wrote {args.out} after {time.monotonic() - started:.0f} s")
    print(json.dumps(metrics))
    return 0


def arguments(argv: list[str]) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(prog="models/train.py", description="Train the interest encoder.")
    parser.add_argument("--data", type=Path, required=True, help="CSV or Parquet file of sequences")
    parser.add_argument("--out", type=Path, required=True, help="model folder; its name is the model's name")
    parser.add_argument("--params", type=Path, help="JSON file of parameters, see models/config.py")
    parser.add_argument("--minutes", type=float, default=9.0, help="end training after so long, with the best weights")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--version", type=int, default=1, help="1..65535, written into every list")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda"], default="auto")
    parser.add_argument("--threads", type=int, default=2, help="torch threads on the CPU")
    parser.add_argument("--resume", action="store_true", help="go on from the checkpoint beside DIR")
    parser.add_argument("--valid-from-ms", type=int, help="hold out the targets from this time on")
    return parser.parse_args(argv)


def chosen_device(wanted: str) -> str:
    """Return `cuda` or `cpu`; raises ConfigError where CUDA is demanded and not there."""
    there = torch.cuda.is_available()
    if wanted == "cuda" and not there:
        raise ConfigError("device", wanted, "cpu, or a machine with CUDA")
    return "cuda" if there and wanted != "cpu" else "cpu"


def vocabulary_of(data: Sequences, config: Config) -> tuple[Names, Vocabulary]:
    """Return the names that get vectors of their own: the most frequent items, and all categories."""
    counts = np.bincount(data.item[data.item >= 0], minlength=data.item_names.size)
    by_count = np.lexsort((data.item_names.astype(str), -counts))
    frequent = by_count[counts[by_count] >= config.min_count][: config.known_items]
    names = Names(sorted(data.item_names[frequent].tolist()), sorted(data.category_names.tolist()))
    return names, Vocabulary.of(names.items, config.item_buckets, names.categories)


def fit(network: GRUEncoder, task: Task, ends: float, checkpoint: Path, *, resume: bool) -> tuple[int, str]:
    """Train in place up to the weights with the lowest validation loss; return their passes and why it ended."""
    config, began = task.config, time.monotonic()
    budget = max((ends - began) * (1.0 - REFRESH_SHARE), 1.0)
    optimiser = torch.optim.Adam(network.parameters(), lr=config.learning_rate, fused=True)
    best, best_epoch, weights, first, spent = np.inf, 0, copy_of(network), 1, 0.0
    if resume and checkpoint.exists():
        kept = torch.load(checkpoint, map_location=task.device, weights_only=True)
        network.load_state_dict(kept["network"])
        optimiser.load_state_dict(kept["optimiser"])
        best, best_epoch, weights, first, spent = (kept[k] for k in ("best", "best_epoch", "weights", "next", "spent"))
        say(f"resumed before pass {first}")
    began -= spent
    for epoch in range(first, config.epochs + 1):
        rng = np.random.default_rng([task.seed, epoch])
        torch.manual_seed(task.seed * 1_000 + epoch)
        pieces = cut(task, rng)
        total = max(int(pieces.steps.sum()), 1)
        done, losses, said = 0, [], time.monotonic()
        for part in pieces.batches(np.arange(pieces.first.size), config.batch, rng):
            progress = (epoch - 1 + done / total) / config.epochs
            progress = max(progress, (time.monotonic() - began - SLACK * budget) / (budget * (1.0 - SLACK)))
            if progress >= 1.0:
                break
            set_rate(optimiser, config.learning_rate * min(progress / WARM_UP + 0.05, 1.0) * (1.0 - progress))
            losses.append(step(network, optimiser, task, pieces, part, ~task.held_out.valid, rng))
            done += int(pieces.steps[part].sum())
            if time.monotonic() - said > 10:
                said = time.monotonic()
                say(f"pass {epoch} {done / total:4.0%}  loss {np.nanmean(losses[-200:]):.4f}")
        found = validate(network, task)
        now = found.get("loss", -float(epoch))
        shown = "  ".join(f"{key} {value:.4f}" for key, value in found.items())
        say(f"pass {epoch}  loss {np.nanmean(losses or [np.nan]):.4f}  {time.monotonic() - began:.0f} s  valid {shown}")
        if now < best:
            best, best_epoch, weights = now, epoch, copy_of(network)
        network_now = {"network": network.state_dict(), "optimiser": optimiser.state_dict(), "weights": weights}
        place = {"best": float(best), "best_epoch": best_epoch, "next": epoch + 1, "spent": time.monotonic() - began}
        torch.save(network_now | place, checkpoint)
        if time.monotonic() - began >= budget:
            ended = f"time: {budget / 60:.1f} minutes were up in pass {epoch}"
            break
        if epoch - best_epoch >= config.patience:
            ended = f"no better validation loss for {config.patience} passes"
            break
    else:
        ended = f"all {config.epochs} passes"
    network.load_state_dict(weights)
    say(f"ended: {ended}; weights of pass {best_epoch}")
    return best_epoch, ended


def refresh(network: GRUEncoder, task: Task, ends: float) -> None:
    """Go over all events once more at a low and falling learning rate, what was held out among them."""
    rng = np.random.default_rng([task.seed, 0])
    optimiser = torch.optim.Adam(network.parameters(), fused=True)
    pieces = cut(task, rng)
    total, done = int(pieces.steps.sum()), 0
    for part in pieces.batches(np.arange(pieces.first.size), task.config.batch, rng):
        if time.monotonic() > ends:
            say(f"time: the last pass ends after {done / total:.0%}")
            break
        set_rate(optimiser, task.config.learning_rate * task.config.refresh * (1.0 - done / total))
        step(network, optimiser, task, pieces, part, np.ones_like(task.held_out.valid), rng)
        done += int(pieces.steps[part].sum())


def cut(task: Task, rng: np.random.Generator) -> Windows:
    """Cut the data into windows at another place in each pass, so that contexts of all lengths meet all targets."""
    return windows(task.data.starts, rng.integers(0, 16, task.data.names.size))


def step(
    network: GRUEncoder,
    optimiser: torch.optim.Optimizer,
    task: Task,
    pieces: Windows,
    part: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    rng: np.random.Generator,
) -> float:
    """Learn from one batch of windows; return the loss, NaN where none of their targets is wanted."""
    rows = pieces.rows(part)
    at = np.nonzero(pieces.counts(part) & wanted[rows + 1])
    if not at[0].size:
        return float("nan")
    network.train()
    following = rows[at] + 1
    hidden = network.states(*tensors(window_inputs(task.inputs, rows), task.device))
    loss = loss_of(network, task, hidden[at], following, rng)
    optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    return float(loss.item())


def loss_of(
    network: GRUEncoder, task: Task, hidden: Tensor, following: NDArray[np.int64], rng: np.random.Generator
) -> Tensor:
    """Return the weighted sum of the losses of h [N, hidden] whose next events are the rows `following` [N]."""
    config = task.config
    item, category = task.inputs.item[following], task.inputs.category[following]
    below = network.dropout(hidden)
    x = network.x_of(hidden)
    total = hidden.sum() * 0.0
    has = np.flatnonzero(category)
    if has.size:
        target = torch.from_numpy(category[has] - 1).to(task.device)
        total = total + config.category_weight * functional.cross_entropy(network.category_scores(below[has]), target)
        total = total + config.x_weight * functional.cross_entropy(network.x_head(x[has])[:, 1:], target)
    has = np.flatnonzero(item)
    if has.size:
        target = torch.from_numpy(item[has]).to(task.device)
        drawn = draw(task, rng)
        loss = item_loss(network, task, network.item_map(below[has]), target, drawn)
        total = total + config.item_weight * loss
        if network.categories == 1:
            total = total + config.x_weight * x_item_loss(network, network.x_head(x[has]), target, drawn)
    return total


@dataclass(frozen=True, slots=True)
class Drawn:
    """Items to hold the next one against."""

    which: Tensor | None
    """[K] indices; None = all."""
    log_q: Tensor
    """[items] logarithm of how often each is expected among them."""


def draw(task: Task, rng: np.random.Generator) -> Drawn:
    """Draw the negatives of one batch."""
    if not task.config.negatives:
        return Drawn(None, torch.zeros(task.weights.size, device=task.device))
    weights = torch.from_numpy(task.weights)
    weights[0] = 0.0
    cumulative, log_q = expected_draws(weights, task.config.alpha, task.config.negatives)
    which = torch.searchsorted(cumulative, torch.from_numpy(rng.random(task.config.negatives)))
    return Drawn(which.clamp(max=task.weights.size - 1).to(task.device), log_q.to(task.device))


def item_loss(network: GRUEncoder, task: Task, queries: Tensor, target: Tensor, drawn: Drawn) -> Tensor:
    """Return the configured loss of queries [N, item_width] and next items [N]."""
    if drawn.which is None and task.config.loss == "sampled_ce":
        return functional.cross_entropy(network.item_scores(queries), target - 1)
    which = torch.arange(1, network.items, device=queries.device) if drawn.which is None else drawn.which
    positive = (queries * network.item(target)).sum(dim=1) + network.item_bias[target]
    negative = network.item_scores(queries, which)
    same = which == target[:, None]
    if task.config.loss == "bpr_max":
        return bpr_max(positive, negative, same)
    if task.config.loss == "gbce":
        return gbce(positive, negative, same, network.items)
    return sampled_cross_entropy(positive, negative, same, drawn.log_q[target], drawn.log_q[which])


def x_item_loss(network: GRUEncoder, queries: Tensor, target: Tensor, drawn: Drawn) -> Tensor:
    """Return the cross-entropy of queries [N, item_width] that are linear on x; item vectors do not learn from it."""
    vectors, bias = network.item.weight.detach(), network.item_bias.detach()
    if drawn.which is None:
        return functional.cross_entropy(torch.addmm(bias[1:], queries, vectors[1:].T), target - 1)
    positive = (queries * vectors[target]).sum(dim=1) + bias[target]
    negative = torch.addmm(bias[drawn.which], queries, vectors[drawn.which].T)
    same = drawn.which == target[:, None]
    return sampled_cross_entropy(positive, negative, same, drawn.log_q[target], drawn.log_q[drawn.which])


@torch.no_grad()  # type: ignore[untyped-decorator]  # torch is not type-checked here
def validate(network: GRUEncoder, task: Task) -> dict[str, float]:
    """Return loss (weighted as in training), and log loss, hr@20 and mrr of items and categories, on a fixed sample.

    Windows are those of the online job. Empty where nothing is held out.
    """
    network.eval()
    pieces = windows(task.data.starts)
    everything = np.arange(pieces.first.size)
    ends = pieces.first + pieces.steps
    late = np.concatenate([[0], np.cumsum(task.held_out.valid)])
    chosen = everything[late[ends + 1] > late[pieces.first + 1]]
    chosen = np.random.default_rng(0).permutation(chosen)
    sums: dict[str, list[NDArray[Any]]] = {}
    scored = 0
    for start in range(0, chosen.size, 256):
        part = chosen[start : start + 256]
        rows = pieces.rows(part)
        at = np.nonzero(pieces.counts(part) & task.held_out.valid[rows + 1])
        hidden = network.states(*tensors(window_inputs(task.inputs, rows), task.device))[at]
        for key, values in figures(network, task, hidden, rows[at] + 1).items():
            sums.setdefault(key, []).append(values)
        scored += at[0].size
        if scored >= SCORED:
            break
    found = {key: float(np.concatenate(values).mean()) for key, values in sums.items() if sum(map(len, values))}
    weights = {"item_log_loss": task.config.item_weight, "category_log_loss": task.config.category_weight}
    loss = sum(weight * found[key] for key, weight in weights.items() if key in found)
    return {"loss": loss, **found} if found else {}


def figures(
    network: GRUEncoder, task: Task, hidden: Tensor, following: NDArray[np.int64]
) -> dict[str, NDArray[np.float64]]:
    """Return each figure of each prediction."""
    item, category = task.inputs.item[following], task.inputs.category[following]
    found: dict[str, NDArray[np.float64]] = {}
    of_item, of_category = np.flatnonzero(item), np.flatnonzero(category)
    if of_item.size:
        scores = network.item_scores(network.item_map(hidden[of_item]))
        found |= ranked("item", scores, item[of_item] - 1)
    if of_category.size:
        found |= ranked("category", network.category_scores(hidden[of_category]), category[of_category] - 1)
        of_x = network.x_head(network.x_of(hidden[of_category]))[:, 1:]
        found["x_log_loss"] = ranked("x", of_x, category[of_category] - 1)["x_log_loss"]
    return found


def ranked(what: str, scores: Tensor, targets: NDArray[np.int64]) -> dict[str, NDArray[np.float64]]:
    """Return log loss, hit in the first 20 and reciprocal rank of scores [N, K] for targets [N]."""
    wanted = torch.from_numpy(targets).to(scores.device)[:, None]
    own = scores.gather(1, wanted)
    rank = 1.0 + (scores > own).sum(dim=1) + ((scores == own).sum(dim=1) - 1) / 2.0
    log_loss = torch.logsumexp(scores, dim=1) - own[:, 0]
    values = {"log_loss": log_loss, "hr@20": (rank <= 20).double(), "mrr": 1.0 / rank}
    return {f"{what}_{key}": value.double().cpu().numpy() for key, value in values.items()}


def copy_of(network: GRUEncoder) -> dict[str, Tensor]:
    """Return the weights as they are now."""
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def set_rate(optimiser: torch.optim.Optimizer, rate: float) -> None:
    """Set the learning rate of the next step."""
    for group in optimiser.param_groups:
        group["lr"] = rate


def utc(ms: int) -> str:
    """Return a time as text."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


def say(line: str) -> None:
    """Print a progress line at once."""
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
