"""What a model folder must pass before it is published: each gate says yes or no, with its figures. No torch."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from tideline.models.ranking import Ranked, rank_log_scores
from tideline.models.registry import GOLDEN, MANIFEST, verify
from tideline.models.report import figures
from tideline.models.scorer import Scorer
from tideline.models.task import make_task, training_labels
from tideline.models.timing import step_us
from tideline.models.topic_data import load
from tideline.schemas.errors import ModelError, TooFew
from tideline.udfs.core.users.features import StepInputs

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from tideline.models.encoder import Encoder
    from tideline.models.task import Task

PARITY_STEPS = 500
PARITY_TOLERANCE = 1e-5
LATENCY_BATCH = 128
INPUTS = ("item", "category", "type", "gap", "price", "quantity")
HIGHER_IS_BETTER = {"hr@20": True, "ndcg@20": True, "mrr@20": True, "log_loss": False}
"""The metrics that are compared."""
ROUND_S = 0.1
"""How long one of five measurements of a step takes."""
NO_DIFFERENCE = 1e-4
"""A smaller difference is none, however certain: the same weights in another order make one."""

_ROUNDS = 5
_SEED = 1


class Verdict(NamedTuple):
    """What a gate says of a model."""

    gate: str
    passed: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Trial:
    """What a model is held against."""

    test: Path
    train: Path
    """Files of sequences, as of `models/data.py`: all items of `train` are ranked for targets of `test`."""
    target: Literal["last", "all"]
    of: Literal["item", "category"]
    most_us: float
    """Microseconds an event of a step at batch 128 on one thread."""
    slowdown: float
    """How many times as slow as the present model a new one may be."""


def judge(folder: Path, present: Path | None, trial: Trial) -> Iterator[Verdict]:
    """Yield the verdict of each gate on the model in `folder`, held against the present one if there is one.

    A model that does not load has no further verdicts.

    Raises:
        ConfigError: a file of the trial cannot be used.
    """
    try:
        scorer = Scorer.load(folder)
    except ModelError as error:
        yield Verdict("load", False, str(error))
        return
    encoder = scorer.encoder
    yield Verdict("load", True, f"{encoder.name}, version {encoder.version}, d={encoder.hidden}")
    yield _version(folder)
    yield _parity(folder, encoder)
    try:
        former = Scorer.load(present) if present is not None else None
    except ModelError as error:
        yield Verdict("present", False, f"the present model cannot be held against it: {error}")
        former = None
    yield _metrics(scorer, former, trial)
    yield _latency(encoder, former.encoder if former else None, trial)


def _version(folder: Path) -> Verdict:
    """A version names one model for ever: states, tokens and learned sums carry it."""
    own = verify(folder)
    for other in sorted(path.parent for path in folder.resolve().parent.glob(f"*/{MANIFEST}")):
        try:
            its = verify(other)
        except ModelError:
            continue
        if its.version == own.version and its.sha256 != own.sha256:
            return Verdict("version", False, f"{own.version} is that of {other.name} already; take one of your own")
    return Verdict("version", True, f"{own.version} is nobody else's")


def _parity(folder: Path, encoder: Encoder) -> Verdict:
    """The step follows the trajectory that torch left at export."""
    try:
        with np.load(folder / GOLDEN) as golden:
            stored = {name: golden[name] for name in (*INPUTS, "h", "x")}
    except (OSError, ValueError, KeyError, zipfile.BadZipFile) as error:
        return Verdict("parity", False, f"{GOLDEN} cannot be read: {error}")
    steps = min(column.shape[0] for column in stored.values())
    if steps < PARITY_STEPS:
        return Verdict("parity", False, f"{GOLDEN} has {steps} steps; at least {PARITY_STEPS}")
    inputs = StepInputs(*(stored[name] for name in INPUTS))
    h, worst = np.zeros((1, encoder.hidden), np.float32), 0.0
    for at in range(steps):
        h, x = encoder.step(inputs.take(slice(at, at + 1)), h)
        worst = max(worst, float(np.abs(h[0] - stored["h"][at]).max()), float(np.abs(x[0] - stored["x"][at]).max()))
    detail = f"off by {worst:.1e} from torch after {steps} steps; at most {PARITY_TOLERANCE:.0e}"
    return Verdict("parity", worst <= PARITY_TOLERANCE, detail)


def _metrics(scorer: Scorer, former: Scorer | None, trial: Trial) -> Verdict:
    """No metric is worse than the present model's with its whole paired 95 % interval."""
    train, test = load(str(trial.train), "--train"), load(str(trial.test))
    task = make_task(train, test, trial.target, trial.of)
    names = training_labels(train, trial.of).item_names
    if not task.rows.size or not names.size:
        raise TooFew("data", str(trial.test), f"sequences with a {trial.of} to predict, known to --train")
    found = {"gru": _ranked(scorer, task, names, trial)}
    if former is not None:
        found["present"] = _ranked(former, task, names, trial)
    own, minus = figures(found, task.sequence, task.sequences, _SEED)
    if former is None:
        figure = {name: own["gru"][name]["value"] for name in HIGHER_IS_BETTER}
        values = [f"{name} {value:.4f}" for name, value in figure.items() if value is not None]
        return Verdict("metrics", True, f"{', '.join(values)}; there is no present model to compare with")
    worse, details = [], []
    for name, higher in HIGHER_IS_BETTER.items():
        difference = minus["present"].get(name, {"value": None})
        if difference["value"] is None:
            continue  # no target has a probability
        low, high = difference["ci95"]
        details.append(f"{name} {difference['value']:+.4f} [{low:+.4f}, {high:+.4f}]")
        if (high < -NO_DIFFERENCE) if higher else (low > NO_DIFFERENCE):
            worse.append(name)
    verdict = f"worse in {', '.join(worse)}" if worse else "no worse"
    detail = f"{verdict} than {former.encoder.name} on {task.rows.size:,} targets: {', '.join(details)}"
    return Verdict("metrics", not worse, detail)


def _ranked(scorer: Scorer, task: Task, names: NDArray[np.object_], trial: Trial) -> Ranked:
    def log_scores(rows: NDArray[np.int64]) -> NDArray[np.float32]:
        return scorer.log_scores(task.events, rows, trial.of, names)

    return rank_log_scores(task, names.size, log_scores, mask_seen=False)


def _latency(encoder: Encoder, former: Encoder | None, trial: Trial) -> Verdict:
    """A step costs no more than the limit, and not much more than the present model's; both measured in turn."""
    own, its = [], []
    for _ in range(_ROUNDS):
        own.append(step_us(encoder, LATENCY_BATCH, ROUND_S))
        if former is not None:
            its.append(step_us(former, LATENCY_BATCH, ROUND_S))
    took = min(own)
    limit = min(trial.most_us, trial.slowdown * min(its)) if its else trial.most_us
    of_present = f" ({trial.slowdown:g} times the {min(its):.2f} of the present model)" if limit < trial.most_us else ""
    detail = f"{took:.2f} us an event at batch {LATENCY_BATCH}, one thread; at most {limit:.2f}{of_present}"
    return Verdict("latency", took <= limit, detail)
