"""A picture of the estimates with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from udfs.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path

    from udfs.core.ope.evaluation import Answer

_BLUE, _GREY = "#1b6ca8", "#8a8a8a"


def draw(path: Path, answer: Answer, logged_mean: float, title: str) -> None:
    """Write a PNG: a dot and a 95 % interval for each estimator, a line at what was earned on the log; or the refusal.

    Raises:
        ConfigError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("--picture", str(path), "needs matplotlib: pip install 'tideline[demo]'") from error
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    names = list(answer.estimates)[::-1]
    for at, name in enumerate(names):
        value, (low, high), *_ = answer.estimates[name]
        axes.plot([low, high], [at, at], color=_BLUE, linewidth=2)
        axes.plot([value], [at], "o", color=_BLUE)
    axes.axvline(logged_mean, color=_GREY, linestyle="--", label=f"earned on the log: {logged_mean:.4g}")
    axes.set_yticks(range(len(names)), names)
    axes.set_xlabel("reward per entry shown")
    axes.set_title(title)
    if answer.refused is not None:
        axes.text(0.5, 0.5, answer.refused, wrap=True, ha="center", va="center", transform=axes.transAxes)
    axes.legend(loc="best", frameon=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)
