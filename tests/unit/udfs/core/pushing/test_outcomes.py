"""What comes of decision points."""

from __future__ import annotations

import numpy as np

from tideline.udfs.core.push.learned.push_feedback import UNLEARNED
from tideline.udfs.core.push.push_user import NOBODY, with_unsubscribe
from tideline.udfs.core.pushing.outcomes import point_row, rows_of_deeds, rows_of_leaving, with_point
from tideline.udfs.core.pushing.part.push_part import NO_PART, KeptPoint, PushPart
from tideline.udfs.core.serving.batches.deeds import Deed

HOUR_MS = 3_600_000
POINTS = [KeptPoint(hour * 60, bytes([hour % 99]) * 16, 1, 128, hour % 2) for hour in (480_000, 480_010, 480_020)]
FIRST_MS = 480_000 * HOUR_MS


def test_what_is_brought_counts_for_every_point_whose_horizon_it_lies_in() -> None:
    """Contract: from the minute of the point on, the end excluded; nothing brought is no row."""
    deeds = [
        Deed(FIRST_MS - 1, 9, 9, 9),
        Deed(FIRST_MS + 11 * HOUR_MS, 1, 0, 0),
        Deed(FIRST_MS + 12 * HOUR_MS, 0, 1, 2_500),
        Deed(FIRST_MS + 15 * HOUR_MS, 0, -1, -500),
    ]
    found = np.concatenate(rows_of_deeds(POINTS, deeds, 12 * HOUR_MS))
    assert found["ts_ms"].tolist() == [FIRST_MS, FIRST_MS + 10 * HOUR_MS]
    assert found["rewards"].tolist() == [[1, 0, 0], [1, 0, 2_000]]
    assert not found["decisions"].any()
    assert rows_of_deeds(POINTS, [Deed(FIRST_MS + HOUR_MS, 0, 0, 0)], 12 * HOUR_MS) == []
    (huge,) = rows_of_deeds(POINTS[:1], [Deed(FIRST_MS, 0, 0, 10**15)], HOUR_MS)
    assert huge["rewards"].tolist() == [[0, 0, 10**10]]


def test_points_are_kept_for_the_horizon_and_told_with_whether_they_are_learned_from() -> None:
    """Contract: one that is not to be learned from is told of and not kept."""
    part = NO_PART
    for point in POINTS:
        part = with_point(part, point, point.minute * 60_000, 15 * HOUR_MS)
    assert part.points == (POINTS[1], POINTS[2])
    assert with_point(part, None, FIRST_MS + 30 * HOUR_MS, 15 * HOUR_MS).points == (POINTS[2],)
    row = point_row(POINTS[1], 90, learned=False)
    assert (row["decisions"][0], row["unlearned"][0], row["recent"][0], row["value"][0]) == (1, UNLEARNED, 1, 90)
    assert point_row(POINTS[1], 90, learned=True)["x"].tobytes() == POINTS[1].x


def test_leaving_counts_for_the_newest_message_before_it() -> None:
    """Contract: not for what was withheld or came later, nor once the horizon is over."""
    part = PushPart(NOBODY, tuple(point._replace(sent=int(point is not POINTS[1])) for point in POINTS))
    at_ms = FIRST_MS + 11 * HOUR_MS
    (row,) = rows_of_leaving(part, at_ms, 12 * HOUR_MS)
    assert (row["ts_ms"][0], row["unsubscribed"][0]) == (FIRST_MS, 1)
    assert rows_of_leaving(part, at_ms, 11 * HOUR_MS) == []
    left = part._replace(user=with_unsubscribe(NOBODY, at_ms))
    assert rows_of_leaving(left, at_ms, 12 * HOUR_MS) == []
