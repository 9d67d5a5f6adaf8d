"""The passes of training: learning rate, early stopping, checkpoints and the wall clock."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from tideline.models.objective import Draws, TrainingSet, batch_loss
from tideline.models.sequences import windows
from tideline.models.validation import validate
from tideline.udfs.core.users.interest import WINDOW_STEP

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from torch import Tensor

    from tideline.models.gru import GRUEncoder
    from tideline.models.objective import Drawn
    from tideline.models.sequences import Windows

WARM_UP = 0.05
"""Share of the training over which the learning rate rises."""
CLIP = 1.0
REFRESH_SHARE = 0.15
"""Of the time: left for the last pass."""
SLACK = 0.05
"""Share of the time that is up before the learning rate looks at the clock: short runs repeat bit for bit."""
_SAY_S = 10.0


@dataclass(slots=True)
class TrainingRun:
    """Where training is: all that a checkpoint holds."""

    network: GRUEncoder
    optimiser: torch.optim.Optimizer
    best_weights: dict[str, Tensor]
    next_pass: int = 1
    best_loss: float = np.inf
    best_pass: int = 0
    spent_s: float = 0.0
    """Time that the passes before this process took."""
    began: float = field(default_factory=time.monotonic)

    def seconds(self) -> float:
        """Return how long training has taken, over all its processes."""
        return self.spent_s + time.monotonic() - self.began

    def save(self, path: Path) -> None:
        """Write a checkpoint."""
        numbers = {name: getattr(self, name) for name in ("next_pass", "best_loss", "best_pass")}
        states = {"network": self.network.state_dict(), "optimiser": self.optimiser.state_dict()}
        beside = path.with_name(path.name + ".new")
        torch.save(states | numbers | {"best_weights": self.best_weights, "spent_s": self.seconds()}, beside)
        beside.replace(path)

    def load(self, path: Path, device: str) -> None:
        """Go to where a checkpoint of the same network is."""
        kept: dict[str, Any] = torch.load(path, map_location=device, weights_only=True)
        self.network.load_state_dict(kept.pop("network"))
        self.optimiser.load_state_dict(kept.pop("optimiser"))
        for name, value in kept.items():
            setattr(self, name, value)


def fit(
    network: GRUEncoder, training_set: TrainingSet, seconds: float, checkpoint: Path, *, resume: bool
) -> tuple[int, str]:
    """Train in place up to the weights with the lowest validation loss; return their pass and why training ended.

    The learning rate rises, then falls to 0 at the last pass or at the end of `seconds`, whichever comes first. There
    is a checkpoint after each pass, from which `resume` goes on.
    """
    course = TrainingRun(network, optimiser_of(network, training_set), copy_of(network))
    if resume and checkpoint.exists():
        course.load(checkpoint, training_set.device)
        say(f"resumed before pass {course.next_pass}")
    budget_s = seconds * (1.0 - REFRESH_SHARE)
    ended = ""
    while not ended:
        loss = one_pass(course, training_set, budget_s)
        found = validate(network, training_set)
        shown = "  ".join(f"{key} {value:.4f}" for key, value in found.items())
        say(f"pass {course.next_pass}  loss {loss:.4f}  {course.seconds():.0f} s  held out: {shown or 'nothing'}")
        now = found.get("loss", -float(course.next_pass))  # without validation the last weights are the best
        if now < course.best_loss:
            course.best_loss, course.best_pass, course.best_weights = now, course.next_pass, copy_of(network)
        ended = why_end(course, training_set, budget_s)
        course.next_pass += 1
        course.save(checkpoint)
    network.load_state_dict(course.best_weights)
    say(f"ended: {ended}; weights of pass {course.best_pass}")
    return course.best_pass, ended


def one_pass(course: TrainingRun, training_set: TrainingSet, budget_s: float) -> float:
    """Learn from every window once, or until the time is up; return the mean loss."""
    rng = np.random.default_rng([training_set.seed, course.next_pass])
    torch.manual_seed(training_set.seed * 1_000 + course.next_pass)
    pieces, draws = shifted_windows(training_set, rng), Draws(training_set, course.network.items)
    total, done = max(int(pieces.steps.sum()), 1), 0
    losses: list[float] = []
    said = time.monotonic()
    for part in pieces.batches(np.arange(pieces.first.size), training_set.config.batch, rng):
        progress = (course.next_pass - 1 + done / total) / training_set.config.epochs
        progress = max(progress, time_progress(course, budget_s))
        if progress >= 1.0:
            break
        rate = training_set.config.learning_rate * min(progress / WARM_UP + 0.05, 1.0) * (1.0 - progress)
        losses += learn(course, training_set, pieces, part, ~training_set.held_out.valid, draws.draw(rng), rate)
        done += int(pieces.steps[part].sum())
        if time.monotonic() - said > _SAY_S:
            said = time.monotonic()
            say(f"pass {course.next_pass} {done / total:4.0%}  loss {np.mean(losses[-200:]):.4f}")
    return float(np.mean(losses)) if losses else float("nan")


def refresh(network: GRUEncoder, training_set: TrainingSet, seconds: float) -> None:
    """Go over all events once more at a low and falling learning rate, what was held out among them."""
    course = TrainingRun(network, optimiser_of(network, training_set), {})
    rng = np.random.default_rng([training_set.seed, 0])
    pieces, draws = shifted_windows(training_set, rng), Draws(training_set, network.items)
    total, done = int(pieces.steps.sum()), 0
    for part in pieces.batches(np.arange(pieces.first.size), training_set.config.batch, rng):
        progress = max(done / total, time_progress(course, seconds))
        if progress >= 1.0:
            say(f"time: the last pass ends after {done / total:.0%}")
            break
        rate = training_set.config.learning_rate * training_set.config.refresh * (1.0 - progress)
        learn(course, training_set, pieces, part, np.ones_like(training_set.held_out.valid), draws.draw(rng), rate)
        done += int(pieces.steps[part].sum())


def learn(
    course: TrainingRun,
    training_set: TrainingSet,
    pieces: Windows,
    part: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    drawn: Drawn,
    rate: float,
) -> list[float]:
    """Learn from the wanted targets of one batch of windows; return its loss, or nothing where it has none."""
    course.network.train()
    loss = batch_loss(course.network, training_set, pieces, part, wanted, drawn)
    if loss is None:
        return []
    for group in course.optimiser.param_groups:
        group["lr"] = rate
    course.optimiser.zero_grad(set_to_none=True)
    loss.backward()
    torch.nn.utils.clip_grad_norm_(course.network.parameters(), CLIP)
    course.optimiser.step()
    return [float(loss.item())]


def time_progress(course: TrainingRun, budget_s: float) -> float:
    """Return how far the clock is: up to 0 in the slack, 1 when the time is up."""
    return (course.seconds() / max(budget_s, 1e-3) - SLACK) / (1.0 - SLACK)


def why_end(course: TrainingRun, training_set: TrainingSet, budget_s: float) -> str:
    """Return why training is over after the pass just made; empty where it is not."""
    if course.seconds() >= budget_s:
        return f"time: {budget_s / 60:.1f} minutes were up in pass {course.next_pass}"
    if course.next_pass - course.best_pass >= training_set.config.patience:
        return f"no better validation loss for {training_set.config.patience} passes"
    if course.next_pass >= training_set.config.epochs:
        return f"all {training_set.config.epochs} passes"
    return ""


def shifted_windows(training_set: TrainingSet, rng: np.random.Generator) -> Windows:
    """Cut the data at another place in each pass, so that each target meets contexts of all lengths."""
    return windows(training_set.starts, rng.integers(0, WINDOW_STEP, training_set.starts.size - 1))


def optimiser_of(network: GRUEncoder, training_set: TrainingSet) -> torch.optim.Optimizer:
    """Return Adam over all weights."""
    return torch.optim.Adam(network.parameters(), lr=training_set.config.learning_rate, fused=True)


def copy_of(network: GRUEncoder) -> dict[str, Tensor]:
    """Return the weights as they are now."""
    return {key: value.detach().clone() for key, value in network.state_dict().items()}


def say(line: str) -> None:
    """Print a progress line at once."""
    print(line, file=sys.stderr, flush=True)
