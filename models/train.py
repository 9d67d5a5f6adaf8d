#!/usr/bin/env python3
"""Train the interest encoder on sequences: `models/train.py --data DATA --out DIR`.

DATA is a CSV or Parquet file as `models/data.py` says, or the clickstream itself: `kafka://HOST:PORT/TOPIC`, or a
Parquet archive of the topic (`models/topic_data.py`). DIR becomes a model folder (model.onnx, vocabulary.json,
manifest.json, head.npz, golden.npz) named after itself. Without parameters the defaults follow the size of the data;
how long it trains is a matter of work, not of time: a busy machine takes longer and makes the same model. The last
tenth of the events in time is held out for early stopping and then included in a last pass. The same command
runs on CPU and GPU. Progress goes to stderr, the validation metrics to stdout.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

_ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[:1] = [str(_ROOT)]
    venv = _ROOT / ".venv"
    if find_spec("torch") is None and Path(sys.prefix) != venv and (venv / "bin" / "python").exists():
        os.execv(venv / "bin" / "python", [str(venv / "bin" / "python"), __file__, *sys.argv[1:]])  # noqa: S606

# ruff: noqa: E402  # the paths above come first
from tideline.models.train_options import arguments

if __name__ == "__main__":
    arguments(sys.argv[1:])  # --help and a bad command line need no torch, and do not wait for it
    if find_spec("torch") is None:
        raise SystemExit("training needs torch: run scripts/setup --train")

if not {"GOMP_SPINCOUNT", "OMP_WAIT_POLICY"} & os.environ.keys():
    # Torch's threads wait for each other by turning, for milliseconds: beside other work that takes the time of the one
    # that is waited for. Read when torch is loaded.
    os.environ["GOMP_SPINCOUNT"] = "3000"

import numpy as np
import torch

from tideline.models.blend import Past
from tideline.models.config import Config, default, with_file
from tideline.models.cooccurrence import first_vectors
from tideline.models.data import Sequences
from tideline.models.export import Names, Training, export
from tideline.models.fit import Outcome, fit, refresh, say
from tideline.models.gru import GRUEncoder
from tideline.models.mixture import figures, weights_of
from tideline.models.objective import TrainingSet
from tideline.models.plan import TimeLimit, plan
from tideline.models.sequences import event_inputs, windows
from tideline.models.split import split
from tideline.models.topic_data import load
from tideline.models.validation import validate
from tideline.schemas.errors import ConfigError, Unavailable
from tideline.udfs.core.users.features import Vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray


def main(argv: list[str]) -> int:
    """Train, export and print the validation metrics as JSON; 0 on success, 1 on a bad argument."""
    args = arguments(argv)
    started, limit = time.monotonic(), TimeLimit(args.minutes)
    torch.set_num_threads(args.threads)
    try:
        data = load(args.data, properties=args.config)
        config = default(data.item_names.size, data.item.size)
        config = with_file(config, args.params) if args.params else config
        device = chosen_device(args.device)
    except (ConfigError, Unavailable) as error:
        say(f"train: {error}")
        return 1
    torch.use_deterministic_algorithms(device == "cpu")  # on CUDA a few sums are in any order
    torch.utils.deterministic.fill_uninitialized_memory = False  # a sixth of the time, and nothing here reads any
    names, vocabulary = vocabulary_of(data, config)
    training_set = prepared(data, vocabulary, config, device, args)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    checkpoint = args.out.with_name(args.out.name + ".checkpoint")
    found = trained(training_set, data, vocabulary, limit, checkpoint, resume=args.resume)
    training = told(args, data, training_set, found)
    past = {} if found.blend is None else Past.of(data, np.ones(data.item.size, np.bool_), config.past).to_head()
    more = {} if found.blend is None else {"blend": found.blend, **past}
    export(found.network.cpu(), names, args.version, training, args.out, more)
    say(f"wrote {args.out} after {time.monotonic() - started:.0f} s")
    if undone := found.outcome.undone:
        say(f"WARNING: {args.out} is not fully trained. --minutes {args.minutes:g} left undone: {undone}")
        say(f"WARNING: the same command with --resume, without --minutes, goes on from {checkpoint}")
    else:
        checkpoint.unlink()
    print(json.dumps(found.metrics))
    return 0


def prepared(
    data: Sequences, vocabulary: Vocabulary, config: Config, device: str, args: argparse.Namespace
) -> TrainingSet:
    """Return what is trained on and say what it is."""
    held_out = split(data, args.seed, args.valid_from_ms)
    say(f"{args.data}: {data.names.size} sequences, {data.item.size} events, {data.item_names.size} items")
    say(f"held out: {int(held_out.valid.sum())} of the targets; {held_out.how}")
    return TrainingSet(config, data.starts, data.ts_ms, event_inputs(data, vocabulary), held_out, args.seed, device)


@dataclass(frozen=True, slots=True)
class Trained:
    """What all passes leave."""

    network: GRUEncoder
    outcome: Outcome
    metrics: dict[str, float]
    """Of the network on what was held out, before the last pass."""
    blend: NDArray[np.float64] | None
    """Weights of the parts of its head; None = the network alone."""


def trained(
    training_set: TrainingSet,
    data: Sequences,
    vocabulary: Vocabulary,
    limit: TimeLimit,
    checkpoint: Path,
    *,
    resume: bool,
) -> Trained:
    """Make all passes."""
    config, valid = training_set.config, training_set.held_out.valid
    course = plan(config, int(windows(training_set.starts).steps.sum()), held_out=bool(valid.any()))
    say(f"plan: {course.told()}")
    torch.manual_seed(training_set.seed)
    network = GRUEncoder(config, vocabulary.item_indices, vocabulary.category_indices)
    which, vectors = first_vectors(training_set, network.items, config.item_width)
    network.item.weight.data[which] = vectors
    network.to(training_set.device)
    outcome = fit(network, training_set, course, limit, checkpoint, resume=resume)
    metrics = validate(network, training_set)
    blend = weights_of(network, training_set, data, vocabulary)
    if blend is not None:
        say("blend: " + "  ".join(f"{name} {weight:.3f}" for name, weight in figures(blend).items()))
    if course.last and not outcome.undone:
        say("a last pass that includes what was held out")
        outcome = replace(outcome, undone=refresh(network, training_set, course, limit))
    return Trained(network, outcome, metrics, blend)


def told(args: argparse.Namespace, data: Sequences, training_set: TrainingSet, found: Trained) -> Training:
    """Return what the artefact says of how it came to be."""
    return Training(
        data=f"{args.data.rsplit('/')[-1]}, {data.item.size} events, sha256 {digest(data)}",
        range=[utc(int(data.ts_ms.min())), utc(int(data.ts_ms.max()))],
        split=training_set.held_out.how,
        seed=training_set.seed,
        epochs=found.outcome.best_pass,
        ended=found.outcome.ended,
        undone=found.outcome.undone,
        config=asdict(training_set.config),
        metrics={"gru": found.metrics, **({} if found.blend is None else {"blend": figures(found.blend)})},
    )


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


def digest(data: Sequences) -> str:
    """Return the hash of what the events are about, hexadecimal: the same for the same events from any source."""
    found = hashlib.sha256("\0".join([*data.item_names, *data.category_names]).encode())
    for array in (data.starts, data.item, data.category, data.type, data.ts_ms, data.price, data.quantity):
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def utc(ms: int) -> str:
    """Return a time as text."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
