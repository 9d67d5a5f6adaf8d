"""What users have brought by the events of a batch, whether a list is credited with it or not.

A push is judged by it: a message may well lead to a purchase of what no list has shown. Clicks are those that count for
lists; a purchase counts as a conversion of its price, once; a user who reports conversions and no purchases in a batch
has brought what they changed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.events import EventType

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from tideline.schemas.errors import Reason
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.serving.admission import Admitted, DeadLetter

_MILLI = 1000
_PURCHASE = int(EventType.PURCHASE)


class Deed(NamedTuple):
    """What a user has brought at a moment: clicks, conversions, thousandths of revenue; below 0, what is taken off."""

    ts_ms: int
    clicks: int = 0
    conversions: int = 0
    revenue_milli: int = 0


class Attributed(NamedTuple):
    """How often each user's lists changed, what is learned from it, decision records, and what was not applied.

    `by_row` has what is learned by the row of its user, where it is asked for.
    """

    applied: NDArray[np.int64]
    feedback: list[Feedback]
    decisions: list[tuple[str, bytes]]
    dead: list[DeadLetter]
    aside: list[tuple[int, Reason]]
    counts: Counter[str]
    by_row: Mapping[int, Sequence[Feedback]]
    brought: Mapping[int, Sequence[Deed]]


def brought_of(
    admitted: Admitted, by_row: Mapping[int, Sequence[Feedback]], aside: Sequence[tuple[int, Reason]]
) -> dict[int, list[Deed]]:
    """Return what users have brought by their rows in a batch; `aside` are the records that were not applied."""
    not_applied = {number for number, _ in aside}
    found: dict[int, list[Deed]] = {}
    for row, number, event in zip(admitted.owners, admitted.numbers, admitted.organic, strict=True):
        if event.type == _PURCHASE and number not in not_applied:
            milli = round((event.price or 0.0) * (1 if event.quantity is None else event.quantity) * _MILLI)
            found.setdefault(row, []).append(Deed(event.ts_ms, 0, 1, milli))
    for row, rows in by_row.items():
        bought, at_ms = row in found, max(event.ts_ms for _, event in admitted.attributable[row])
        deed = Deed(
            at_ms,
            sum(each.clicks for each in rows),
            0 if bought else sum(each.conversions for each in rows),
            0 if bought else sum(each.revenue_milli for each in rows),
        )
        if deed != Deed(at_ms):
            found.setdefault(row, []).append(deed)
    return found
