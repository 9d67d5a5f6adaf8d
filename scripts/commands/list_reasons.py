"""What a list was ranked on, in words: the pair of the user and each entry, as its token carries it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.pairs.affinity import SHORT_HALF_LIFE, share_of
from tideline.udfs.core.pairs.pair_numbers import MAX_SEEN, affinity_at, seen_of
from tideline.udfs.core.ranking.rule_tables import rule_names
from tideline.udfs.core.users.long_liked import HALF_LIVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tideline.udfs.core.lists.decision_token import Token

_FEW = 0.1
LEGEND = (
    f"% of what the user did was in an entry's categories, where an event "
    f"{SHORT_HALF_LIFE}, {' or '.join(f'{each:,}' for each in HALF_LIVES)} events ago counts half; "
    "seen: before this list was made"
)


def reasons(token: str | None, entries: int) -> list[dict[str, Any] | None]:
    """Return for each entry of a list with this token the shares by half-life and how often it was seen.

    Where a list rule had a say in the list: how many could have stood there, of how many that were left, and which one.
    None for all where no token of this build is there to be read. It comes from our Redis and is not verified.
    """
    try:
        read = read_unverified(token or "")
    except InvalidRecord:
        return [None] * entries
    told = np.array([read.pair_at(position) for position in range(entries)], np.uint32)
    half_lives = (SHORT_HALF_LIFE, *HALF_LIVES)
    shares = [share_of(affinity_at(told, at).astype(np.int64)).tolist() for at in range(len(half_lives))]
    return [
        {
            "shares": {str(each): round(mine[position], 3) for each, mine in zip(half_lives, shares, strict=True)},
            "seen": int(seen_of(told)[position]),
        }
        | _ruled(read, position)
        for position in range(entries)
    ]


def _ruled(token: Token, position: int) -> dict[str, Any]:
    if not token.acted:
        return {}
    return {
        "feasible": token.feasible_at(position),
        "left": token.eligible - position,
        "rules": rule_names(token.acted),
    }


def in_words(reason: Mapping[str, Any] | None, categories: Sequence[str]) -> str:
    """Return a reason as one line; `categories` are those of the activity as far as they are known.

    >>> in_words({"shares": {"10": 0.25, "100": 0.051, "1000": 0.0}, "seen": 2}, ["TEA", "MILK"])
    'TEA, MILK: 25 % / 5.1 % / 0 %; seen 2 times'
    """
    if reason is None:
        return "not told by the list"
    shares = " / ".join(_percent(share) for share in reason["shares"].values())
    told = f"{', '.join(categories) or 'its categories'}: {shares}; {_times(reason['seen'])}"
    if reason.get("feasible", 0) == reason.get("left", 0):
        return told
    return f"{told}; {', '.join(reason['rules'])} left {reason['feasible']} of {reason['left']} for this place"


def _percent(share: float) -> str:
    return f"{round(100 * share, 1 if share < _FEW else 0):g} %"


def _times(seen: int) -> str:
    if seen >= MAX_SEEN:
        return f"seen {MAX_SEEN} times or more"
    return ("not seen yet", "seen once", f"seen {seen} times")[min(seen, 2)]
