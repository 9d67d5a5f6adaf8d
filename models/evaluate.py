#!/usr/bin/env python3
"""Evaluate an encoder beside baselines: `models/evaluate.py --data TEST --train TRAIN --model DIR [--json]`.

All items of TRAIN are ranked for every target of TEST, never a sample of them, and no split is made: TEST holds the
sequences to predict, with all events that may be known before each target. `--target last` (the default, one
prediction for each visitor, so that nobody counts more than others) predicts the last item of each sequence from all
events before it; `--target all` every item after the first event. A target that TRAIN does not have is a miss for
every model and has no log loss. Baselines are fitted on TRAIN; the GRU is scored by the step that is served. With
`--of category` categories are ranked instead, and baselines see the sequence of categories.

The result on stdout is a table, or with `--json` one object: `gru` and each of `baselines` have {metric: {value,
ci95}}, `differences` has the same for GRU minus each baseline, paired. `models/metrics.py` defines the metrics.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
PYTHON = ROOT / ".venv" / "bin" / "python"
if __name__ == "__main__":
    if PYTHON.exists() and Path(sys.prefix) != PYTHON.parents[1]:
        os.execv(PYTHON, [str(PYTHON), *sys.argv])  # noqa: S606
    sys.path[0] = str(ROOT)

# ruff: noqa: E402  # the packages are found only now
from tideline.models import evaluate_options
from tideline.models.baselines.item_knn import ItemKnn
from tideline.models.baselines.markov import Markov
from tideline.models.baselines.ngram import Ngram
from tideline.models.baselines.popularity import Popularity
from tideline.models.baselines.session_popularity import SessionPopularity
from tideline.models.baselines.vsknn import VectorSessionKnn
from tideline.models.data import Sequences
from tideline.models.ranking import Baseline, Ranked, rank_baselines, rank_log_scores
from tideline.models.report import figures, table
from tideline.models.scorer import Scorer
from tideline.models.task import Task, make_task, targets_in, training_labels
from tideline.models.topic_data import load
from tideline.schemas.errors import ConfigError, ModelError, TooFew, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

BASELINES: dict[str, Callable[[Sequences], Baseline]] = {
    "pop": Popularity,
    "spop": SessionPopularity,
    "item_knn": ItemKnn,
    "markov": Markov,
    "vsknn": VectorSessionKnn,
    "ngram": Ngram,
}


def main(argv: Sequence[str]) -> int:
    """Print the figures; exit status 1 when a setting, file or model cannot be used, 3 when nothing is to predict."""
    args = _parse(argv)
    try:
        found = evaluate(args)
    except (ConfigError, ModelError, Unavailable) as error:
        print(f"evaluate: {error}", file=sys.stderr)
        return 3 if isinstance(error, TooFew) else 1
    if args.json:
        print(json.dumps(found))
        return 0
    gru = {"gru": found["gru"]} if "gru" in found else {}
    print(table({**gru, **found["baselines"]}, found["differences"]))
    counts = ("sequences", "skipped_sequences", "targets", "unknown_targets", "items")
    print("  ".join(f"{key} {found[key]:,}" for key in counts))
    return 0


def evaluate(args: argparse.Namespace) -> dict[str, Any]:
    """Return the figures of the command line's model and baselines, in the form that `--json` prints.

    Raises:
        ConfigError: a file or baseline cannot be used, or the test file has no target.
        ModelError: the artefact cannot be used.
    """
    names = _chosen(args)
    train, test = load(args.train, "--train"), load(args.data)
    labels = training_labels(train, args.of)
    task = make_task(train, test, args.target, args.of)
    items = labels.item_names.size
    if not task.rows.size or not items:
        allowed = f"sequences with an event that has the {args.of} to predict and events before it, in both files"
        raise TooFew("data", str(args.data), allowed)
    unknown = int((task.labels < 0).sum())
    skipped = test.names.size - task.sequences
    _say(
        f"{task.rows.size:,} targets in {task.sequences:,} sequences ({skipped:,} without a target), {items:,} to"
        f" rank, {unknown:,} targets that training does not have"
    )
    known = targets_in(train, task)
    if known:
        _say(
            f"warning: {known:,} of the targets are events of --train too: a model may know them by heart, so these "
            "figures do not say how it predicts what is new"
        )
    found = {} if args.model is None else {"gru": _gru(args, task, labels.item_names)}
    fitted = _fitted(names, labels)
    found |= rank_baselines(task, items, fitted, mask_seen=args.mask_seen, workers=args.workers)
    own, minus = figures(found, task.sequence, task.sequences, args.seed)
    return {
        **({"gru": own.pop("gru")} if "gru" in own else {}),
        "baselines": own,
        "differences": minus,
        "targets": task.rows.size,
        "unknown_targets": unknown,
        "targets_in_training": known,
        "sequences": task.sequences,
        "skipped_sequences": skipped,
        "items": items,
        "target": args.target,
        "of": args.of,
        "mask_seen": args.mask_seen,
    }


def _gru(args: argparse.Namespace, task: Task, names: NDArray[np.object_]) -> Ranked:
    scorer = Scorer.load(args.model)

    def log_scores(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return scorer.log_scores(task.events, rows, args.of, names)

    return rank_log_scores(task, names.size, log_scores, mask_seen=args.mask_seen)


def _fitted(names: list[str], labels: Sequences) -> dict[str, Baseline]:
    found = {}
    for name in names:
        started = time.monotonic()
        found[name] = BASELINES[name](labels)
        _say(f"{name}: fitted in {time.monotonic() - started:.1f} s")
    return found


def _chosen(args: argparse.Namespace) -> list[str]:
    names = [name for name in args.baselines.split(",") if name not in {"", "none"}]
    for name in names:
        if name not in BASELINES:
            raise ConfigError("baselines", name, f"{', '.join(BASELINES)}, separated by commas, or none")
    if not names and args.model is None:
        raise ConfigError("baselines", args.baselines, "at least one where no --model is given")
    return names


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="models/evaluate.py", description="Rank all items for every target.")
    evaluate_options.fill(parser)
    return parser.parse_args(argv)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
