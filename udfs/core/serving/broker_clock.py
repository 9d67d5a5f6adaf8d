"""How late it can be: one wrong clock, of a phone or a broker, is not believed.

Where a topic keeps its producers' timestamps, a device that is years ahead makes records from the future, and a list
of its user made for that moment would stay empty until then. So no record counts as later than the present, as the
machine at work has it; a machine that is itself behind is overruled by the median of enough users.
"""

from __future__ import annotations

from statistics import median_low
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERATED_MS = 60_000
"""By so much broker and machine may differ without a word."""
USERS_HEARD = 100
ENOUGH_USERS = 20


class BrokerClock:
    """Bounds Kafka timestamps; holds those of the users heard last, as long as any is ahead."""

    def __init__(self) -> None:
        self._heard: dict[bytes | None, int] = {}

    def bounded(self, keys: Sequence[bytes | None], timestamps_ms: Sequence[int], present_ms: int) -> Sequence[int]:
        """Return the timestamps of a batch, each at most a minute after the present.

        The present is `present_ms`, or the median of the 100 users heard last (each by his newest record, at least
        20) where that is later.
        """
        if max(timestamps_ms, default=0) <= present_ms + TOLERATED_MS:
            self._heard.clear()
            return timestamps_ms
        for key, ts_ms in zip(keys, timestamps_ms, strict=True):
            self._heard.pop(key, None)
            self._heard[key] = ts_ms
        for key in list(self._heard)[:-USERS_HEARD]:
            del self._heard[key]
        if len(self._heard) >= ENOUGH_USERS:
            present_ms = max(present_ms, median_low(self._heard.values()))
        return [min(ts_ms, present_ms + TOLERATED_MS) for ts_ms in timestamps_ms]
