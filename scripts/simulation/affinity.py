"""How much of its money a household spends on what an offer is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.schemas.events import EventType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from tideline.models.prepare.completejourney import Columns
    from tideline.models.prepare.journey_activities import Offer


class Spending:
    """Dollars spent by each household in each category, up to any time. Made once: sorts nothing later."""

    def __init__(self, cols: Columns) -> None:
        bought = cols.type == EventType.PURCHASE
        self.households: NDArray[np.int64] = np.unique(cols.user)
        """All households, ascending; rows of what `shares` returns."""
        self._category_names = cols.category_names
        self._ts_ms = cols.ts_ms[bought]  # ascending, as the events are
        # Column 0 takes what has no category.
        category = cols.category[bought].astype(np.int64) + 1
        self._cell = np.searchsorted(self.households, cols.user[bought]) * self._width + category
        self._dollars = cols.price[bought] * cols.quantity[bought]

    @property
    def _width(self) -> int:
        return len(self._category_names) + 1

    def shares(self, offers: Sequence[Offer], until_ms: int) -> NDArray[np.float64]:
        """Return the share 0..1 of spending before `until_ms` in each offer's categories: [household, offer].

        A household that spent nothing has share 0 in everything.
        """
        end = int(np.searchsorted(self._ts_ms, until_ms))
        cells = self.households.size * self._width
        spent = np.bincount(self._cell[:end], self._dollars[:end], cells).reshape(-1, self._width)
        total = spent.sum(axis=1, keepdims=True)
        return np.asarray(spent @ self._membership(offers) / np.where(total > 0, total, 1.0))

    def line_dollars(self, offers: Sequence[Offer]) -> NDArray[np.float64]:
        """Return what one line on a receipt is worth on average, all year, in each offer's categories: [offer]."""
        category = self._cell % self._width
        dollars = np.bincount(category, self._dollars, self._width) @ self._membership(offers)
        lines = np.bincount(category, minlength=self._width) @ self._membership(offers)
        return np.asarray(dollars / np.maximum(lines, 1))

    def _membership(self, offers: Sequence[Offer]) -> NDArray[np.float64]:
        row = {name: number for number, name in enumerate(self._category_names, start=1)}
        belongs = np.zeros((self._width, len(offers)))
        for column, offer in enumerate(offers):
            belongs[[row[name] for name in offer.activity.categories], column] = 1.0
        return belongs
