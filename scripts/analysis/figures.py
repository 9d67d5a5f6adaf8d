"""The figures of a report, from the columns of an exported decision log: one row for each entry that was on screen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.udfs.core.experiments.lift import rate_of, share_interval
from tideline.udfs.core.learning.monitoring import ALARM_AT, COLD_BELOW
from tideline.udfs.core.limits import LEAST_EXAMINED
from tideline.udfs.core.rewards.position_bias import ShownEntries, examination

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from tideline.models.coded_texts import CodedTexts
    from tideline.udfs.core.rewards.position_bias import Share

_BINS = 10
_STRETCHES = 10
_DAY_MS = 86_400_000


class DecisionLog(NamedTuple):
    """Columns [N] in order of time. Codes are places in the tuples of names."""

    user: NDArray[np.int64]
    shown_list: NDArray[np.int64]
    position: NDArray[np.int64]
    ts_ms: NDArray[np.int64]
    action: NDArray[np.int64]
    actions: tuple[str, ...]
    groups: Mapping[str, CodedTexts]
    """What figures are told apart by: policy, encoder, arm, and placement where there are any."""
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


def part_of(log: DecisionLog, here: NDArray[np.bool_]) -> DecisionLog:
    """Return some rows of a log, as if there were no others."""
    rows = np.flatnonzero(here)
    groups = {name: values.among(rows) for name, values in log.groups.items()}
    columns: dict[str, Any] = {
        name: values[here] for name, values in log._asdict().items() if isinstance(values, np.ndarray)
    }
    return log._replace(groups=groups, **columns)


def rates(log: DecisionLog, here: NDArray[np.bool_]) -> dict[str, Any]:
    """Return click, conversion and revenue figures of some rows; intervals count users, not impressions.

    Rows whose attribution window is still open count in `ctr` and `cvr`, not in their mature forms.
    """
    one = np.ones(log.user.size)
    lists = np.unique(log.shown_list[here]).size
    found: dict[str, Any] = {
        "impressions": int(here.sum()),
        "immature": int((here & ~log.mature).sum()),
        "lists": int(lists),
    }
    for name, values in (("ctr", log.click), ("cvr", log.conversion)):
        for suffix, rows in (("", here), ("_mature", here & log.mature)):
            rate = rate_of(log.user[rows], values[rows], one[rows])
            found[name + suffix] = _known(rate.value)
            found[f"{name}{suffix}_ci95"] = [_known(bound) for bound in share_interval(rate)]
    found["mature_share"] = _known(float(log.mature[here].mean())) if here.any() else None
    found["revenue_per_list"] = _known(float(log.revenue[here].sum()) / lists) if lists else None
    return found


def list_quality(log: DecisionLog, here: NDArray[np.bool_], days: float) -> dict[str, float | None]:
    """Return precision, recall, hit rate and NDCG of the lists of some rows against later behaviour.

    Relevant to a list is every activity its user clicked, in any list, from the time it was shown until `days` later.
    Recall and NDCG are means over the lists that something was relevant to.
    """
    clicked = log.click > 0
    clicks: dict[int, list[tuple[int, int]]] = {}
    for user, at_ms, action in zip(
        log.user[clicked].tolist(), log.ts_ms[clicked].tolist(), log.action[clicked].tolist(), strict=True
    ):
        clicks.setdefault(user, []).append((at_ms, action))
    rows = np.flatnonzero(here)
    rows = rows[np.lexsort((log.position[rows], log.shown_list[rows]))]
    starts = np.flatnonzero(np.diff(log.shown_list[rows], prepend=-1))
    precision, hit, recall, ndcg = [], [], [], []
    for part in np.split(rows, starts[1:]) if rows.size else []:
        first_ms = int(log.ts_ms[part].min())
        wanted = {
            action
            for at_ms, action in clicks.get(int(log.user[part[0]]), ())
            if first_ms <= at_ms <= first_ms + days * _DAY_MS
        }
        gains = np.array([action in wanted for action in log.action[part].tolist()], np.float64)
        precision.append(gains.mean())
        hit.append(gains.any())
        if wanted:
            recall.append(gains.sum() / len(wanted))
            discounts = 1.0 / np.log2(np.arange(gains.size) + 2.0)
            ndcg.append(float(gains @ discounts) / float(discounts[: min(len(wanted), gains.size)].sum()))
    named = {"precision": precision, "hit_rate": hit, "recall": recall, "ndcg": ndcg}
    return {name: _known(float(np.mean(values))) if values else None for name, values in named.items()}


def calibration(log: DecisionLog) -> dict[str, Any]:
    """Return predicted and seen reward in ten bins of equal size, and the mean distance between them."""
    known = np.flatnonzero(np.isfinite(log.predicted))
    if known.size < _BINS:
        return {"bins": [], "error": None}
    order = known[np.argsort(log.predicted[known], kind="stable")]
    bins = [
        {"predicted": float(log.predicted[part].mean()), "seen": float(log.reward[part].mean()), "rows": int(part.size)}
        for part in np.array_split(order, _BINS)
    ]
    error = sum(abs(each["predicted"] - each["seen"]) * each["rows"] for each in bins) / known.size
    return {"bins": bins, "error": round(error, 6)}


def exploration(log: DecisionLog) -> dict[str, Any]:
    """Return the share of explored entries, the entropy of what leads the lists, and activities hardly shown."""
    first = log.action[log.position == 0]
    share = np.bincount(first, minlength=len(log.actions)) / max(first.size, 1)
    entropy = -float((share[share > 0] * np.log(share[share > 0])).sum())
    shown = np.bincount(log.action, minlength=len(log.actions))
    return {
        "explored_share": _known(float(log.explored.mean())) if log.explored.size else None,
        "selection_entropy": round(entropy, 4),
        "of_at_most": round(math.log(max(len(log.actions), 1)), 4),
        "cold": [name for name, count in zip(log.actions, shown.tolist(), strict=True) if count < COLD_BELOW],
    }


def places(log: DecisionLog) -> dict[str, Any]:
    """Return how often each place is looked at, by both models of `tideline.udfs.core.rewards.position_bias`.

    Lists in which a list rule had a say are left out: what could have stood at a place hangs on the one above it.
    `order` is the argument that tells the learner, None while a place is not known; `cascade_order` the one for lists
    that are read from the top.
    """
    propensity = np.where(log.ruled, np.nan, log.propensity)
    found = examination(
        ShownEntries(
            log.user, log.shown_list, log.position, log.action, log.click, log.explored, propensity, log.eligible
        )
    )
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
    known = [share.value for share in found.examined if share.value is not None]
    order = "places=[" + ",".join(f"{min(value, 1.0):.2f}" for value in known) + "]"
    return {
        "places": rows,
        **_with_interval("goes_on_after_click", found.continuation_after_click),
        "order": order if known and len(known) == len(rows) else None,
        "cascade_order": None if after is None else f"after_click={min(max(after, LEAST_EXAMINED), 1.0):.2f}",
    }


def _with_interval(name: str, share: Share) -> dict[str, Any]:
    value, *ends = (None if number is None else round(number, 6) for number in share)
    return {name: value, f"{name}_ci95": ends}


def drift(log: DecisionLog) -> dict[str, Any]:
    """Compare the newest tenth of the time with all before: click rate, and reward against its prediction.

    The alarm is raised where either differs by more than ALARM_AT standard errors over users.
    """
    if not log.ts_ms.size:
        return {"alarm": False, "click_z": None, "residual_z": None}
    start = log.ts_ms[-1] - (log.ts_ms[-1] - log.ts_ms[0]) // _STRETCHES
    newest = log.ts_ms > start
    residual = log.reward - log.predicted
    known = np.isfinite(residual)
    found = {
        "click_z": _distance(log, log.click, newest, ~newest),
        "residual_z": _distance(log, residual, newest & known, ~newest & known),
    }
    return {"alarm": any(abs(z) > ALARM_AT for z in found.values() if z is not None), **found}


def _distance(
    log: DecisionLog, values: NDArray[np.float64], now: NDArray[np.bool_], then: NDArray[np.bool_]
) -> float | None:
    one = np.ones(values.size)
    a, b = (rate_of(log.user[rows], values[rows], one[rows]) for rows in (now, then))
    spread = math.sqrt(a.variance + b.variance) if a.users > 1 and b.users > 1 else 0.0
    return round((a.value - b.value) / spread, 2) if spread > 0.0 else None


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6)
