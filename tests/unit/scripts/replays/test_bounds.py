"""Contract: what a person may write for an end of a range, and that anything else is refused in one line."""

from __future__ import annotations

from argparse import ArgumentTypeError
from datetime import UTC, datetime

import pytest

from tideline.scripts.replays.bounds import ALLOWED, moment, read_bound
from tideline.udfs.settings.options import Kind, argument

_NOON_MS = int(datetime(2026, 11, 22, 12, tzinfo=UTC).timestamp() * 1000)
_HOUR_MS = 3_600_000


@pytest.mark.parametrize("text", [str(_NOON_MS), "2026-11-22T12:00Z", "2026-11-22T13:00+01:00"])
def test_a_moment_is_iso_8601_or_milliseconds(text: str) -> None:
    bound = read_bound(text)
    assert (bound.ms, bound.at_ms(5), bound.text, bound.offsets) == (_NOON_MS, _NOON_MS, text, None)


def test_a_moment_can_be_given_again() -> None:
    assert read_bound(moment(_NOON_MS + 7)).ms == _NOON_MS + 7


@pytest.mark.parametrize(
    ("text", "ago_ms"),
    [("last=24h", 24 * _HOUR_MS), ("last=90s", 90_000), ("last=2d", 48 * _HOUR_MS), ("last=5m", 300_000)],
)
def test_a_time_before_now_is_counted_from_now(text: str, ago_ms: int) -> None:
    assert read_bound(text).at_ms(_NOON_MS) == _NOON_MS - ago_ms
    assert read_bound(text).at_ms(1_000) == 0


def test_offsets_are_a_table() -> None:
    bound = read_bound('{"0": 10, "3": 0}')
    assert (bound.offsets, bound.at_ms(_NOON_MS)) == ({0: 10, 3: 0}, None)


@pytest.mark.parametrize(
    "text",
    [
        "", "monday", "2026-13-01", "-5", "1e9", "9" * 5000, "0001-01-01T00:00Z", "9999-12-31T23:59-23:59", "\u00b2",
        "last=", "last=1w", "last=-1h", "last=1.5h", "last=" + "9" * 99 + "h",
        "{}", "{", "[1]", '{"0": "10"}', '{"0": -1}', '{"0": 1.5}', '{"0": true}', '{"a": 1}', '{"0": 9e99}',
        '{"0": 9223372036854775808}', '{"a":' * 5000,
    ],
    ids=lambda text: text[:20],
)  # fmt: skip
def test_what_is_none_of_these_is_refused(text: str) -> None:
    """Contract: no other error, which a parser would not make a line of."""
    with pytest.raises(ArgumentTypeError, match="allowed: ISO 8601"):
        argument(Kind(ALLOWED, read_bound))(text)
