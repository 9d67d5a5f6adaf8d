"""How far two ranked lists are apart: by what a reader who goes down both sees, and by pairs in another order."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PERSISTENCE = 0.9
"""Of a reader, from one place to the next: the first ten places have 86 % of the weight (Webber et al., eq. 21)."""
_UNKNOWN_ORDER = 0.5


def rank_biased_overlap(one: Sequence[str], other: Sequence[str], p: float = PERSISTENCE) -> float:
    """Return how alike two lists are, 0..1, extrapolated beyond their ends; 1 for two empty ones.

    Webber, Moffat, Zobel: A similarity measure for indefinite rankings, TOIS 2010, eq. 32. No list has an entry twice.

    >>> rank_biased_overlap("abc", "abc"), rank_biased_overlap("abc", "xyz"), rank_biased_overlap("ab", "ba")
    (1.0, 0.0, 0.9)
    """
    short, long = sorted((one, other), key=len)
    if not short:
        return 0.0 if long else 1.0
    s, ends = len(short), len(long)
    seen_short: set[str] = set()
    seen_long: set[str] = set()
    common = at_s = 0
    weighed = 0.0
    for depth in range(1, ends + 1):
        new = long[depth - 1]
        seen_long.add(new)
        common += new in seen_short
        if depth <= s:
            seen_short.add(short[depth - 1])
            common += short[depth - 1] in seen_long
        if depth == s:
            at_s = common
        beyond = at_s * (depth - s) / s if depth > s else 0.0
        weighed += (common + beyond) / depth * p**depth
    rest = ((common - at_s) / ends + at_s / s) * p**ends
    return round((1 - p) / p * weighed + rest, 12)


def kendall_distance(one: Sequence[str], other: Sequence[str]) -> float:
    """Return how many pairs of entries stand in another order, of the most there could be, 0..1.

    Of lists that do not hold the same: an entry that one has is before all that it has not; two that only one list
    has stand in the other in either order and count a half. Fagin, Kumar, Sivakumar: Comparing top k lists, SIAM J.
    Discrete Math 2003, K with penalty 1/2, by its value for lists with nothing in common.

    >>> kendall_distance("abc", "abc"), kendall_distance("abc", "xyz"), kendall_distance("ab", "ba")
    (0.0, 1.0, 0.2)
    """
    place_one = {name: at for at, name in enumerate(one)}
    place_other = {name: at for at, name in enumerate(other)}
    most = len(one) * len(other) + _UNKNOWN_ORDER * sum(n * (n - 1) / 2 for n in (len(one), len(other)))
    if not most:
        return 0.0
    apart = sum(
        _disagree(
            (place_one.get(a, len(one)), place_one.get(b, len(one))),
            (place_other.get(a, len(other)), place_other.get(b, len(other))),
        )
        for a, b in combinations(sorted(place_one.keys() | place_other.keys()), 2)
    )
    return apart / most


def _disagree(places: tuple[int, int], others: tuple[int, int]) -> float:
    """A list has both of equal place where it holds neither."""
    here, there = places[0] - places[1], others[0] - others[1]
    return _UNKNOWN_ORDER if 0 in (here, there) else float((here < 0) != (there < 0))
