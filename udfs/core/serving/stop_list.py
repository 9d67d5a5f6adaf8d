"""The stop list for readers: which activities are to be shown to nobody, whatever a list made before says.

{"v":[g,t,s],"s":["c08-0042",...]}, versioned like a list: generation, time of what the ledgers are of, policy version.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tideline.udfs.core.serving.popular_list import RENEWED_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.budgets.standing import Standing


class StopList:
    """Makes the list and says so when it changed or is due again; there is none where no activity has a ledger."""

    def __init__(self, ttl_ms: int) -> None:
        self._renewed_ms = min(RENEWED_MS, ttl_ms // 2)
        self._standings: Mapping[str, Standing] | None = None
        self._published: list[str] | None = None
        self._as_of_ms = 0

    def due(self, standings: Mapping[str, Standing], generation: int) -> bytes:
        """Return the payload, empty where it names the same as before and is not due."""
        if standings is self._standings or not standings:
            return b""
        self._standings = standings
        stopped = sorted(name for name, standing in standings.items() if standing.stopped)
        as_of_ms = max(standing.as_of_ms for standing in standings.values())
        if stopped == self._published and as_of_ms < self._as_of_ms + self._renewed_ms:
            return b""
        self._published, self._as_of_ms = stopped, as_of_ms
        version = [generation, as_of_ms, 1 + max(standing.version for standing in standings.values())]
        return json.dumps({"v": version, "s": stopped}, separators=(",", ":")).encode()
