"""How much work a training is, a matter of its data and parameters alone, and the safety stop that looks at a clock.

The unit of work is a step: one event that the network goes over. The learning rate, the number of passes and the last
pass are functions of the steps, so a busy machine takes longer and makes the same model.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tideline.models.config import Config

WARM_UP = 0.05
"""Share of the training over which the learning rate rises."""
LAST_SHARE = 0.2
"""At most so many steps, as a share of all before it, has the last pass."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The passes of a training."""

    steps: int
    """Of one pass over all windows, about."""
    passes: float
    """So many at most; less than a whole one where one alone is more than the budget."""
    last: float
    """Share of the windows, the newest, of the last pass, which includes what was held out; 0 = no such pass."""

    def told(self) -> str:
        """Return it for people."""
        last = f"then one over the newest {self.last:.0%}, what was held out among it" if self.last else "no last pass"
        return f"at most {self.passes:.1f} passes of {self.steps:,} steps, {last}"


def plan(config: Config, steps: int, *, held_out: bool) -> Plan:
    """Return the passes of a training of so many steps a pass; `held_out` tells whether anything is."""
    steps = max(steps, 1)
    passes = min(float(config.epochs), config.steps / steps)
    last = min(1.0, LAST_SHARE * config.steps / steps) if config.refresh and held_out else 0.0
    return Plan(steps, passes, last)


def rate(config: Config, progress: float) -> float:
    """Return the learning rate where this share of the training is done: it rises, then falls to 0."""
    return config.learning_rate * min(progress / WARM_UP + 0.05, 1.0) * (1.0 - progress)


class TimeLimit:
    """The safety stop: tells when so many minutes since it was made are up; without a number it looks at no clock."""

    def __init__(self, minutes: float | None) -> None:
        self.minutes = minutes
        self._began = 0.0 if minutes is None else time.monotonic()

    def up(self) -> bool:
        """Tell whether the time is up."""
        return self.minutes is not None and time.monotonic() - self._began >= 60.0 * self.minutes
