"""The passes of training: learning rate, early stopping and checkpoints, all by work done, none by the clock."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tideline.models.objective import Draws, TrainingSet, batch_loss
from tideline.models.optimiser import Optimiser
from tideline.models.plan import rate
from tideline.models.sequences import windows
from tideline.models.validation import validate
from tideline.udfs.core.users.interest import WINDOW_STEP

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from tideline.models.gru import GRUEncoder
    from tideline.models.objective import Drawn
    from tideline.models.plan import Plan, TimeLimit
    from tideline.models.sequences import Windows

_SAY_S = 10.0


@dataclass(slots=True)
class TrainingRun:
    """Where training is: all that a checkpoint holds."""

    network: GRUEncoder
    optimiser: Optimiser
    best_weights: dict[str, Tensor]
    next_pass: int = 1
    best_loss: float = np.inf
    best_pass: int = 0
    began: float = field(default_factory=time.monotonic)
    """For the lines that say how long it took."""

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        numbers = {name: getattr(self, name) for name in ("next_pass", "best_loss", "best_pass")}
        states = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        beside = path.with_name(path.name + ".new")
        torch.save(states | numbers | {"best_weights": self.best_weights}, beside)
        beside.replace(path)

    def load(self, path: Path, device: str) -> None:
        """Go to where a checkpoint of the same network is."""
        kept: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        self.network.load_state_dict(kept.pop("network"))
        self.optimiser.load_state_dict(kept.pop("optimiser"))
        for name, value in kept.items():
            setattr(self, name, value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How training ended."""

    best_pass: int
    """Whose weights are the best."""
    ended: str
    """Why it ended."""
    undone: str
    """What of the plan a time limit left undone; empty where nothing."""


def fit(
    network: GRUEncoder, training_set: TrainingSet, plan: Plan, limit: TimeLimit, checkpoint: Path, *, resume: bool
) -> Outcome:
    """Train in place up to the weights with the lowest validation loss.

    There is a checkpoint after each whole pass, from which `resume` goes on to the same weights as without a stop.
    """
    course = TrainingRun(network, Optimiser(network, training_set.config.learning_rate), copy_of(network))
    if resume and checkpoint.exists():
        course.load(checkpoint, training_set.device)
        say(f"resumed before pass {course.next_pass}")
    ended = why_end(course, training_set, plan, course.next_pass - 1)
    undone = ""
    while not ended:
        loss, progress = one_pass(course, training_set, plan, limit)
        found = validate(network, training_set)
        shown = "  ".join(f"{key} {value:.4f}" for key, value in found.items())
        spent_s = time.monotonic() - course.began
        say(f"pass {course.next_pass}  loss {loss:.4f}  {spent_s:.0f} s  held out: {shown or 'nothing'}")
        now = found.get("loss", -float(course.next_pass))  # without validation the last weights are the best
        if now < course.best_loss:
            course.best_loss, course.best_pass, course.best_weights = now, course.next_pass, copy_of(network)
        if progress is not None:
            ended = f"time: {limit.minutes:g} minutes were up in pass {course.next_pass}"
            undone = f"{1.0 - progress:.0%} of the passes, the learning rate had not fallen yet; any last pass"
            break
        ended = why_end(course, training_set, plan, course.next_pass)
        course.next_pass += 1
        course.save(checkpoint)
    network.load_state_dict(course.best_weights)
    say(f"ended: {ended}; weights of pass {course.best_pass}")
    return Outcome(course.best_pass, ended, undone)


def one_pass(
    course: TrainingRun, training_set: TrainingSet, plan: Plan, limit: TimeLimit
) -> tuple[float, float | None]:
    """Learn from every window once, or until the plan ends.

    Return the mean loss and, where the time limit ended the pass, the share of the training that was done by then.
    """
    rng = np.random.default_rng([training_set.seed, course.next_pass])
    torch.manual_seed(training_set.seed * 1_000 + course.next_pass)
    pieces, draws = shifted_windows(training_set, rng), Draws(training_set, course.network.items)
    wanted = ~training_set.held_out.valid
    total, done = max(int(pieces.steps.sum()), 1), 0
    losses: list[float] = []
    said, progress, stopped = time.monotonic(), 0.0, False
    for part in pieces.batches(np.arange(pieces.first.size), training_set.config.batch, rng):
        progress = (course.next_pass - 1 + done / total) / plan.passes
        stopped = limit.up()
        if progress >= 1.0 or stopped:
            break
        now = rate(training_set.config, progress)
        losses += learn(course, training_set, pieces, part, wanted, draws.draw(rng), now)
        done += int(pieces.steps[part].sum())
        if time.monotonic() - said > _SAY_S:
            said = time.monotonic()
            say(f"pass {course.next_pass} {done / total:4.0%}  loss {np.mean(losses[-200:]):.4f}")
    return (float(np.mean(losses)) if losses else float("nan")), progress if stopped else None


def refresh(network: GRUEncoder, training_set: TrainingSet, plan: Plan, limit: TimeLimit) -> str:
    """Go once more over the newest events, what was held out among them, at a low and falling learning rate.

    Return what the time limit left undone; empty where nothing.
    """
    course = TrainingRun(network, Optimiser(network, training_set.config.learning_rate), {})
    rng = np.random.default_rng([training_set.seed, 0])
    torch.manual_seed(training_set.seed * 1_000)
    pieces, draws = shifted_windows(training_set, rng), Draws(training_set, network.items)
    chosen = pieces.newest(training_set.ts_ms, plan.last)
    wanted = np.ones_like(training_set.held_out.valid)
    total, done = int(pieces.steps[chosen].sum()), 0
    for part in pieces.batches(chosen, training_set.config.batch, rng):
        if limit.up():
            return f"{1.0 - done / total:.0%} of the last pass, over what was held out too"
        now = training_set.config.learning_rate * training_set.config.refresh * (1.0 - done / total)
        learn(course, training_set, pieces, part, wanted, draws.draw(rng), now)
        done += int(pieces.steps[part].sum())
    return ""


def learn(
    course: TrainingRun,
    training_set: TrainingSet,
    pieces: Windows,
    part: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    drawn: Drawn,
    learning_rate: float,
) -> list[float]:
    """Learn from the wanted targets of one batch of windows; return its loss, or nothing where it has none."""
    course.network.train()
    loss = batch_loss(course.network, training_set, pieces, part, wanted, drawn)
    if loss is None:
        return []
    course.optimiser.step(loss, learning_rate)
    return [float(loss.item())]


def why_end(course: TrainingRun, training_set: TrainingSet, plan: Plan, made: int) -> str:
    """Return why training is over after so many passes; empty where it is not."""
    if made - course.best_pass >= training_set.config.patience:
        return f"no better validation loss for {training_set.config.patience} passes"
    if made >= plan.passes:
        return f"all {plan.passes:.3g} passes"
    return ""


def shifted_windows(training_set: TrainingSet, rng: np.random.Generator) -> Windows:
    """Cut the data at another place in each pass, so that each target meets contexts of all lengths."""
    return windows(training_set.starts, rng.integers(0, WINDOW_STEP, training_set.starts.size - 1))


def copy_of(network: GRUEncoder) -> dict[str, Tensor]:
    """Return the weights as they are now."""
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def say(line: str) -> None:
    """Print a progress line at once."""
    print(line, file=sys.stderr, flush=True)
