"""Which users a log shows a list of which moments, in little memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow.compute as pc

from tideline.models.coded_texts import coded_texts

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pyarrow as pa
    from numpy.typing import NDArray

_PSEUDONYM = "^[0-9a-f]{16}$"


class ShownMoments(NamedTuple):
    """Which users were shown a default list of which moments: 16 bytes for each, rising."""

    user: NDArray[np.uint64]
    as_of_ms: NDArray[np.int64]

    @classmethod
    def of(cls, batches: Iterable[pa.Table]) -> ShownMoments:
        """Return those of a log; whoever is no pseudonym cannot be asked for and is left out."""
        found = [cls(np.zeros(0, np.uint64), np.zeros(0, np.int64))]
        for rows in batches:
            mine = rows.filter(pc.and_(pc.is_valid(rows["as_of"]), pc.match_substring_regex(rows["user"], _PSEUDONYM)))
            coded = coded_texts(mine["user"])
            users = np.array([int(name, 16) for name in coded.names.tolist()], np.uint64)[coded.code]
            found.append(cls(users, mine["as_of"].to_numpy()).once())
        return cls(*map(np.concatenate, zip(*found, strict=True))).once()

    def once(self) -> ShownMoments:
        """Return them rising, each once."""
        order = np.lexsort((self.as_of_ms, self.user))
        user, as_of_ms = self.user[order], self.as_of_ms[order]
        new = np.ones(order.size, np.bool_)
        new[1:] = (user[1:] != user[:-1]) | (as_of_ms[1:] != as_of_ms[:-1])
        return ShownMoments(user[new], as_of_ms[new])

    def has(self, user: str, as_of_ms: int | None = None) -> bool:
        """Return whether a user was shown a list of a moment, None: of any."""
        first, end = (int(np.searchsorted(self.user, np.uint64(int(user, 16)), side)) for side in ("left", "right"))
        if as_of_ms is None:
            return first < end
        at = first + int(np.searchsorted(self.as_of_ms[first:end], as_of_ms))
        return at < end and int(self.as_of_ms[at]) == as_of_ms
