"""The figures of a report, from an exported decision log: one row for each entry that was on screen.

A log comes in parts, all rows of a user in one. Each figure goes through them, some twice, and keeps sums alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.experiments.lift import rate_of_sums, sums_of_users
from tideline.udfs.core.learning.monitoring import ALARM_AT, COLD_BELOW
from tideline.udfs.core.limits import LEAST_EXAMINED
from tideline.udfs.core.rewards.position_bias import ShownEntries, examination

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.experiments.lift import Rate
    from tideline.udfs.core.rewards.position_bias import Share

ACTION, PLACEMENT = "action", "placement"
"""By what figures are told apart: columns of the log."""
_STRETCHES = 10


class DecisionLog(NamedTuple):
    """Columns [N] of a part in order of time. Codes of user and list are those of the part."""

    user: NDArray[np.int64]
    shown_list: NDArray[np.int64]
    position: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    row: NDArray[np.int64]
    """Place in the file."""
    action: NDArray[np.int64]
    """Place among the names of all actions."""
    groups: Mapping[str, NDArray[np.int64]]
    """What figures are told apart by: policy, encoder, arm, and placement where there are any; places among names."""
    click: NDArray[np.float64]
    conversion: NDArray[np.float64]
    revenue: NDArray[np.float64]
    explored: NDArray[np.bool_]
    propensity: NDArray[np.float64]
    """Probability of the entry given those above it, NaN where it is not known."""
    eligible: NDArray[np.int64]
    ruled: NDArray[np.bool_]
    """Whether a list rule had a say in the entry's list."""
    mature: NDArray[np.bool_]
    predicted: NDArray[np.float64]
    """Expected reward at scoring, NaN where it is not known."""
    reward: NDArray[np.float64]
    """What came of it, in the unit of the prediction."""


def exploration(parts: Iterable[DecisionLog], actions: Sequence[str]) -> dict[str, Any]:
    """Return the share of explored entries, the entropy of what leads the lists, and activities hardly shown."""
    first, shown, explored = np.zeros(len(actions), np.int64), np.zeros(len(actions), np.int64), 0
    for log in parts:
        first += np.bincount(log.action[log.position == 0], minlength=len(actions))
        shown += np.bincount(log.action, minlength=len(actions))
        explored += int(log.explored.sum())
    share = first / max(int(first.sum()), 1)
    entropy = -float((share[share > 0] * np.log(share[share > 0])).sum())
    return {
        "explored_share": known(explored / int(shown.sum())) if shown.sum() else None,
        "selection_entropy": round(entropy, 4),
        "of_at_most": round(math.log(max(len(actions), 1)), 4),
        "cold": [name for name, count in zip(actions, shown.tolist(), strict=True) if count < COLD_BELOW],
    }


@dataclass(frozen=True)
class _Entries:
    """A log, or one placement of it, as the models of places take it, part by part."""

    parts: Iterable[DecisionLog]
    placement: int | None

    def __iter__(self) -> Iterator[ShownEntries]:
        for log in self.parts:
            propensity = np.where(log.ruled, np.nan, log.propensity)
            columns = (
                log.user, log.shown_list, log.position, log.action, log.click, log.explored, propensity, log.eligible,
            )  # fmt: skip
            if self.placement is not None:
                here = log.groups[PLACEMENT] == self.placement
                columns = tuple(column[here] for column in columns)
            yield ShownEntries._make(columns)


def places(parts: Iterable[DecisionLog], placement: int | None = None) -> dict[str, Any]:
    """Return how often each place is looked at, by both models of `tideline.udfs.core.rewards.position_bias`.

    Of one placement, or of all rows. Lists in which a list rule had a say are left out: what could have stood at a
    place hangs on the one above it. `order` is the argument that tells the learner, None while a place is not known;
    `cascade_order` the one for lists that are read from the top.
    """
    found = examination(_Entries(parts, placement))
    rows = []
    for place, share in enumerate(found.examined):
        row = {"position": place, **_with_interval("examined", share)}
        if place < len(found.swaps):
            row |= {
                "swaps_with_next": round(found.swaps[place], 1),
                **_with_interval("goes_on", found.continuation[place]),
            }
        rows.append(row)
    after = found.continuation_after_click.value
    told = [share.value for share in found.examined if share.value is not None]
    order = "places=[" + ",".join(f"{min(value, 1.0):.2f}" for value in told) + "]"
    return {
        "places": rows,
        **_with_interval("goes_on_after_click", found.continuation_after_click),
        "order": order if told and len(told) == len(rows) else None,
        "cascade_order": None if after is None else f"after_click={min(max(after, LEAST_EXAMINED), 1.0):.2f}",
    }


def _with_interval(name: str, share: Share) -> dict[str, Any]:
    value, *ends = (None if number is None else round(number, 6) for number in share)
    return {name: value, f"{name}_ci95": ends}


def drift(parts: Iterable[DecisionLog]) -> dict[str, Any]:
    """Compare the newest tenth of the time with all before: click rate, and reward against its prediction.

    The alarm is raised where either differs by more than ALARM_AT standard errors over users.
    """
    ends = [(int(log.ts_ms[0]), int(log.ts_ms[-1])) for log in parts if log.ts_ms.size]
    if not ends:
        return {"alarm": False, "click_z": None, "residual_z": None}
    first, last = min(low for low, _ in ends), max(high for _, high in ends)
    start = last - (last - first) // _STRETCHES
    found = {
        name: _distance(_Stretch(parts, start, name, newest=True), _Stretch(parts, start, name, newest=False))
        for name in ("click_z", "residual_z")
    }
    return {"alarm": any(abs(z) > ALARM_AT for z in found.values() if z is not None), **found}


class _Stretch(NamedTuple):
    """Rows of a stretch of time, part by part, and what is summed of each: clicks, or reward less its prediction."""

    parts: Iterable[DecisionLog]
    start_ms: int
    name: str
    newest: bool

    def rate(self) -> Rate:
        """Return the sum over rows, by users."""
        total = np.zeros(6)
        for log in self.parts:
            values = log.click if self.name == "click_z" else log.reward - log.predicted
            rows = np.flatnonzero(((log.ts_ms > self.start_ms) == self.newest) & np.isfinite(values))
            count = np.bincount(log.user[rows])
            some = np.flatnonzero(count)
            sums = np.bincount(log.user[rows], values[rows])[some]
            total += sums_of_users(sums.astype(np.float64), count[some].astype(np.float64))
        return rate_of_sums(total.tolist())


def _distance(now: _Stretch, then: _Stretch) -> float | None:
    a, b = now.rate(), then.rate()
    spread = math.sqrt(a.variance + b.variance) if a.users > 1 and b.users > 1 else 0.0
    return round((a.value - b.value) / spread, 2) if spread > 0.0 else None


def known(value: float) -> float | None:
    """Return a figure with six digits, None where it is not known."""
    return None if math.isnan(value) else round(value, 6)
