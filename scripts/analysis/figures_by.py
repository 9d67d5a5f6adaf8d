"""Figures of a report by policy, encoder, arm, placement and activity: rates, and how good lists are."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.scripts.analysis.figures import ACTION, known
from tideline.udfs.core.experiments.lift import rate_of_sums, share_interval

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.analysis.figures import DecisionLog

_DAY_MS = 86_400_000
_COUNTED = 8
"""Numbers up to so many times the rows are told apart by counting, not by sorting."""
_RATES = ("ctr", "ctr_mature", "cvr", "cvr_mature")
_QUALITY = ("precision", "hit_rate", "recall", "ndcg")


def rates(parts: Iterable[DecisionLog], by: str, names: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Return click, conversion and revenue figures by a group, or by ACTION; intervals count users.

    Rows whose attribution window is still open count in `ctr` and `cvr`, not in their mature forms.
    """
    counts = np.zeros((3, len(names)), np.int64)
    users, revenue = np.zeros((len(_RATES), 6, len(names))), np.zeros(len(names))
    for log in parts:
        code = code_of(log, by)
        counts[0] += np.bincount(code, minlength=len(names))
        counts[1] += np.bincount(code[~log.mature], minlength=len(names))
        counts[2] += _distinct(code, log.shown_list, len(names))
        revenue += np.bincount(code, log.revenue, len(names))
        for at, rows in enumerate((np.arange(code.size), np.flatnonzero(log.mature))):
            values = (log.click[rows], log.conversion[rows])
            users[at::2] += _user_sums(code[rows], log.user[rows], values, len(names))
    return {name: _rates(counts[:, at].tolist(), users[:, :, at], float(revenue[at])) for at, name in enumerate(names)}


def code_of(log: DecisionLog, by: str) -> NDArray[np.int64]:
    """Return what each row is told apart by [N]."""
    return log.action if by == ACTION else log.groups[by]


def _distinct(code: NDArray[np.int64], of: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return how many different ones each code has."""
    width = int(of.max(initial=0)) + 1
    return np.bincount(_different(code * width + of)[0] // width, minlength=count)


def _different(cell: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the different numbers, rising, and the place of each row's among them; counted where they are not many."""
    if int(cell.max(initial=0)) > _COUNTED * cell.size:
        return np.unique(cell, return_inverse=True)
    used = np.bincount(cell) > 0
    return np.flatnonzero(used), (np.cumsum(used) - 1)[cell]


def _user_sums(
    code: NDArray[np.int64], user: NDArray[np.int64], values: Sequence[NDArray[np.float64]], count: int
) -> NDArray[np.float64]:
    """Return by code what `lift.rate_of_sums` takes of each of the values and its users' rows [values, 6, count].

    Values are 0 and 1, so all are whole numbers, and exact.
    """
    width = int(user.max(initial=0)) + 1
    cells, place = _different(code * width + user)
    rows = np.bincount(place, minlength=cells.size).astype(np.float64)
    found = []
    for each in values:
        top = np.bincount(place, each, cells.size)
        sums = (np.ones(cells.size), top, rows, top * top, top * rows, rows * rows)
        found.append([np.bincount(cells // width, its, count) for its in sums])
    return np.array(found)


def _rates(counts: Sequence[int], users: NDArray[np.float64], revenue: float) -> dict[str, Any]:
    impressions, immature, lists = counts
    found: dict[str, Any] = {"impressions": impressions, "immature": immature, "lists": lists}
    for name, sums in zip(_RATES, users.tolist(), strict=True):
        rate = rate_of_sums(sums)
        found[name] = known(rate.value)
        found[f"{name}_ci95"] = [known(bound) for bound in share_interval(rate)]
    found["mature_share"] = known((impressions - immature) / impressions) if impressions else None
    found["revenue_per_list"] = known(revenue / lists) if lists else None
    return found


def list_quality(
    parts: Iterable[DecisionLog], by: Mapping[str, Sequence[str]], days: float
) -> dict[str, dict[str, dict[str, float | None]]]:
    """Return by groups, and the names of each, precision, recall, hit rate and NDCG of lists against later behaviour.

    Relevant to a list is every activity its user clicked, in any list, from the time it was shown until `days` later.
    Recall and NDCG are means over the lists that something was relevant to.
    """
    sums = {name: np.zeros((2, len(_QUALITY), len(names))) for name, names in by.items()}
    for log in parts:
        whole = _judged(log, np.zeros(log.user.size, np.int64), days)
        for name, its in sums.items():
            code, count = code_of(log, name), len(by[name])
            of_one = int(_distinct(code, log.shown_list, count).sum()) == whole.first.size
            judged = whole if of_one else _judged(log, code, days)
            for at, values in enumerate(judged.figures):
                some = np.flatnonzero(np.isfinite(values))
                whose = code[judged.first[some]]
                its[0, at] += np.bincount(whose, values[some], count)
                its[1, at] += np.bincount(whose, minlength=count)
    return {name: _means(its[0], its[1], by[name]) for name, its in sums.items()}


def _means(
    sums: NDArray[np.float64], counts: NDArray[np.float64], names: Sequence[str]
) -> dict[str, dict[str, float | None]]:
    means = np.divide(sums, counts, out=np.full(sums.shape, np.nan), where=counts > 0)
    return {name: dict(zip(_QUALITY, map(known, means[:, at].tolist()), strict=True)) for at, name in enumerate(names)}


class _Lists(NamedTuple):
    """Lists as far as their rows have one code: a row of each, and their figures [4, lists], NaN where none is."""

    first: NDArray[np.int64]
    figures: NDArray[np.float64]


def _judged(log: DecisionLog, code: NDArray[np.int64], days: float) -> _Lists:
    clicks = _clicks(log)
    order = np.lexsort((log.position, log.shown_list, code))
    width = int(log.shown_list.max(initial=0)) + 1
    starts = np.flatnonzero(np.diff((code * width + log.shown_list)[order], prepend=-1))
    discount = 1.0 / np.log2(np.arange(order.size) + 2.0)
    upto, discounts = np.cumsum(discount).tolist(), discount.tolist()
    ts_ms, action, user = log.ts_ms[order].tolist(), log.action[order].tolist(), log.user[order[starts]].tolist()
    found = np.full((len(_QUALITY), starts.size), np.nan)
    found[:2] = 0.0
    for at, (start, end) in enumerate(pairwise([*starts.tolist(), order.size])):
        first_ms = min(ts_ms[start:end])
        last_ms = first_ms + days * _DAY_MS
        wanted = {what for at_ms, what in clicks.get(user[at], ()) if first_ms <= at_ms <= last_ms}
        if wanted:
            gains = [rank for rank, what in enumerate(action[start:end]) if what in wanted]
            best = upto[min(len(wanted), end - start) - 1]
            gained = sum(discounts[rank] for rank in gains)
            found[:, at] = len(gains) / (end - start), bool(gains), len(gains) / len(wanted), gained / best
    return _Lists(order[starts], found)


def _clicks(log: DecisionLog) -> dict[int, list[tuple[int, int]]]:
    """Return when each user clicked what."""
    found: dict[int, list[tuple[int, int]]] = {}
    clicked = log.click > 0
    columns = (log.user[clicked].tolist(), log.ts_ms[clicked].tolist(), log.action[clicked].tolist())
    for user, at_ms, action in zip(*columns, strict=True):
        found.setdefault(user, []).append((at_ms, action))
    return found
