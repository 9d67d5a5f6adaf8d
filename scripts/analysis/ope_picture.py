"""Pictures of estimates with their intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tideline.udfs.core.evaluation.evaluation import Answer

_BLUE, _GREY = "#1b6ca8", "#8a8a8a"


def draw(path: Path, answer: Answer, logged_mean: float, title: str) -> None:
    """Write a picture: a dot and a 95 % interval by estimator, a line at what was earned on the log; or the refusal.

    Raises:
        ConfigError: it cannot be written; see `check`.
    """
    figure = check(path)
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
    _save(figure, path)


def draw_front(path: Path, found: Mapping[str, Any]) -> None:
    """Write a picture of a document of `tideline pareto`: a cross of two intervals by weights, and today; or why not.

    Raises:
        ConfigError: it cannot be written; see `check`.
    """
    figure = check(path)
    axes = figure.subplots()
    for at, each in enumerate(found["front"]):
        x, y = each["clicks"], each["gained"]
        colour = _BLUE if each["efficient"] else _GREY
        axes.plot(x["ci95"], [y["value"]] * 2, color=colour, alpha=0.4)
        axes.plot([x["value"]] * 2, y["ci95"], color=colour, alpha=0.4)
        axes.plot([x["value"]], [y["value"]], "o" if at != found["chosen"] else "*", color=colour, markersize=9)
    today = found["today"]
    axes.plot([today["clicks"]], [today["gained"]], "s", color=_GREY, label="as it was logged")
    axes.axvline(found["least"] * today["clicks"], color=_GREY, linestyle="--", label="clicks to be kept")
    axes.set_xlabel("clicks per entry shown")
    axes.set_ylabel(f"{found['objective']} per entry shown")
    if found["refused"] is not None:
        axes.text(0.5, 0.5, found["refused"], wrap=True, ha="center", va="center", transform=axes.transAxes)
    axes.legend(loc="best", frameon=False)
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    try:
        figure.savefig(path, dpi=120)
    except OSError as error:
        raise ConfigError("--picture", str(path), f"a file that can be written ({error})") from error


def check(path: Path) -> Any:
    """Return an empty figure that can be saved as `path`: asked for before the work.

    Raises:
        ConfigError: matplotlib is not installed, it does not know the suffix, or the folder cannot be made.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ConfigError("--picture", str(path), "needs matplotlib: pip install 'tideline[demo]'") from error
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    known = sorted(figure.canvas.get_supported_filetypes())
    if path.suffix.lower().removeprefix(".") not in known or path.is_dir():
        raise ConfigError("--picture", str(path), f"a file whose name ends in .{', .'.join(known)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError("--picture", str(path), f"a file in a folder that can be made ({error})") from error
    return figure
