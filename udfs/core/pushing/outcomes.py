"""What comes of decision points: what is told of each once it is decided, and what its user does within the horizon."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.udfs.core.push.effect_sums import MAX_MILLI
from tideline.udfs.core.push.learned.push_feedback import PUSH_FEEDBACK, UNLEARNED
from tideline.udfs.core.pushing.part.push_part import MOST_POINTS, KeptPoint

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.pushing.part.push_part import PushPart
    from tideline.udfs.core.serving.batches.deeds import Deed

_MINUTE_MS = 60_000


def with_point(part: PushPart, point: KeptPoint | None, now_ms: int, horizon_ms: int) -> PushPart:
    """Return what is kept of a user after a point of which it is to be learned what comes, None for no such point."""
    kept = [each for each in part.points if each.minute * _MINUTE_MS + horizon_ms > now_ms]
    return part._replace(points=tuple([*kept, *([] if point is None else [point])][-MOST_POINTS:]))


def point_row(point: KeptPoint, code: int, *, learned: bool) -> NDArray[Any]:
    """Return the row [1] (dtype PUSH_FEEDBACK) that a decision point is told by, with the code of its value."""
    found = _of_point(point)
    found["decisions"], found["value"], found["unlearned"] = 1, code, 0 if learned else UNLEARNED
    return found


def rows_of_deeds(points: Iterable[KeptPoint], deeds: Sequence[Deed], horizon_ms: int) -> list[NDArray[Any]]:
    """Return rows [1] of what a user has brought within the horizon after each of his points."""
    found = []
    for point in points:
        begins = point.minute * _MINUTE_MS
        inside = [each[1:] for each in deeds if begins <= each.ts_ms < begins + horizon_ms]
        rewards = np.clip(np.sum(inside, axis=0), -MAX_MILLI, MAX_MILLI) if inside else np.zeros(3)
        if rewards.any():
            row = _of_point(point)
            row["rewards"] = rewards
            found.append(row)
    return found


def rows_of_leaving(part: PushPart, at_ms: int, horizon_ms: int) -> list[NDArray[Any]]:
    """Return the row [1] of the newest message before its user unsubscribed; none where that is too long ago.

    Told twice it counts once.
    """
    sent = [each for each in part.points if each.sent and each.minute * _MINUTE_MS <= at_ms]
    begins = sent[-1].minute * _MINUTE_MS if sent else 0
    if not sent or at_ms >= begins + horizon_ms or part.user.unsubscribed_s * 1000 >= begins:
        return []
    row = _of_point(sent[-1])
    row["unsubscribed"] = 1
    return [row]


def _of_point(point: KeptPoint) -> NDArray[Any]:
    found = np.zeros(1, PUSH_FEEDBACK)
    found["ts_ms"], found["x"] = point.minute * _MINUTE_MS, np.frombuffer(point.x, np.int8)
    found["recent"], found["chance"], found["sent"] = point.recent, point.chance, point.sent
    return found
