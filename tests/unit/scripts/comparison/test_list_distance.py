"""How far lists are apart: against numbers worked out by hand and slow forms of the definitions."""

from __future__ import annotations

from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.scripts.comparison.list_distance import kendall_distance, rank_biased_overlap

_LISTS = st.lists(st.sampled_from("abcdefgh"), unique=True, max_size=6)


def _slow_overlap(one: list[str], other: list[str], p: float) -> float:
    """Eq. 32 as it is printed, each overlap counted anew."""
    short, long = sorted((one, other), key=len)
    s, l = len(short), len(long)  # noqa: E741 - the paper's names
    if not s:
        return float(not l)
    x = [len(set(short[:d]) & set(long[:d])) for d in range(l + 1)]
    first = sum(x[d] / d * p**d for d in range(1, l + 1))
    second = sum(x[s] * (d - s) / (s * d) * p**d for d in range(s + 1, l + 1))
    return (1 - p) / p * (first + second) + ((x[l] - x[s]) / l + x[s] / s) * p**l


def _slow_kendall(one: list[str], other: list[str]) -> float:
    """The mean over all ways to go on with what each list lacks: for pairs of which a list holds neither, a half."""
    names = sorted({*one, *other})
    ways = [
        [given + list(rest) for rest in permutations([each for each in names if each not in given])]
        for given in (one, other)
    ]
    wrong = 0.0
    for a, b in ((a, b) for at, a in enumerate(names) for b in names[at + 1 :]):
        chances = [sum(way.index(a) < way.index(b) for way in some) / len(some) for some in ways]
        wrong += chances[0] * (1 - chances[1]) + chances[1] * (1 - chances[0])
    most = len(one) * len(other) + sum(n * (n - 1) / 4 for n in (len(one), len(other)))
    return wrong / most if most else 0.0


@given(_LISTS, _LISTS, st.floats(0.5, 0.99))
def test_overlap_is_that_of_the_paper(one: list[str], other: list[str], p: float) -> None:
    assert rank_biased_overlap(one, other, p) == pytest.approx(_slow_overlap(one, other, p), abs=1e-9)
    assert rank_biased_overlap(other, one, p) == rank_biased_overlap(one, other, p)


def test_overlap_is_the_number_worked_out_by_hand() -> None:
    """Contract: of abc and acd, p = .9: overlaps 1, 1, 2 at depths 1, 2, 3; (.1 / .9)(.9 + .405 + .486) + 2/3 .729."""
    assert rank_biased_overlap("abc", "acd") == pytest.approx(0.199 + 0.486)


@given(st.lists(st.sampled_from("abcde"), unique=True, max_size=4), _LISTS.filter(lambda each: len(each) < 5))
def test_kendall_s_distance_is_that_of_all_ways_to_go_on(one: list[str], other: list[str]) -> None:
    """Contract: an entry that a list lacks comes behind all that it has, in any order with the others it lacks."""
    assert kendall_distance(one, other) == pytest.approx(_slow_kendall(one, other))
    assert kendall_distance(other, one) == pytest.approx(kendall_distance(one, other))
    assert 0.0 <= kendall_distance(one, other) <= 1.0
    assert kendall_distance(one, one) == 0.0
