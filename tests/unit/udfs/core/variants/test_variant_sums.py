"""What came of variants whose shares earn."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.support.core_world import activity
from tests.support.doc_pages import ROOT
from tideline.udfs.core.catalogue.competing import Variant, variant_mark
from tideline.udfs.core.rewards.feedback import ROWS
from tideline.udfs.core.variants.variant_shares import LEAST, PARTS
from tideline.udfs.core.variants.variant_sums import (
    NO_VARIANT_SUMS,
    decode_variant_sums,
    earns,
    encode_variant_sums,
    published_shares,
    restated,
    shares_moved,
    with_feedback,
)

GOLDEN = ROOT / "tests" / "golden" / "variant_sums_v1.bin"
THREE = activity("a", variants=tuple(map(Variant, ("red", "blue", "cow"))), split="earn")
MARKS = [variant_mark("a", each.id) for each in THREE.variants]


def rows(*told: tuple[int, int, int], unlearned: int = 0) -> Any:
    """Return feedback rows of (mark, impressions, clicks)."""
    found = np.zeros(len(told), ROWS)
    for at, (mark, impressions, clicks) in enumerate(told):
        found["variant"][at], found["impressions"][at], found["clicks"][at] = mark, impressions, clicks
    found["unlearned"] = unlearned
    return found


def counted(*told: tuple[int, int, int]) -> Any:
    return with_feedback(restated(NO_VARIANT_SUMS, THREE), rows(*told))


def test_what_comes_of_each_variant_is_counted_in_any_order() -> None:
    """Contract: by mark; what is of no variant, of one that is not stated, or not to be learned from, counts not."""
    told = [(MARKS[0], 1, 0), (MARKS[2], 1, 1), (MARKS[0], 1, 1), (0, 1, 1), (7, 1, 1), (MARKS[2], -1, 0)]
    found = counted(*told)
    assert found["impressions"].tolist() == [2, 0, 0]
    assert found["clicks"].tolist() == [1, 0, 1]
    assert counted(*told[::-1]).tobytes() == found.tobytes()
    assert with_feedback(found, rows((MARKS[1], 1, 1), unlearned=1)).tobytes() == found.tobytes()


def test_a_restated_activity_keeps_what_it_knows_of_the_variants_that_stay() -> None:
    sums = counted((MARKS[0], 5, 1), (MARKS[2], 9, 3))
    two = activity("a", variants=(Variant("cow"), Variant("goat")), split="earn")
    found = restated(sums, two)
    assert found["mark"].tolist() == [MARKS[2], variant_mark("a", "goat")]
    assert (found["impressions"].tolist(), found["clicks"].tolist()) == ([9, 0], [3, 0])


def test_shares_follow_clicks_and_leave_none_without() -> None:
    """Contract: even at first, and a tenth at least of the worst."""
    at_first = published_shares(counted())
    assert at_first[::2] == tuple(MARKS)
    assert sorted(at_first[1::2]) == [85, 85, 86]
    shares = published_shares(counted(*((mark, 100, clicks) for mark, clicks in zip(MARKS, (2, 5, 30), strict=True))))
    assert sum(shares[1::2]) == PARTS
    assert shares[1::2] == (LEAST, LEAST, PARTS - 2 * LEAST)


def test_more_clicks_than_impressions_break_nothing() -> None:
    """Contract: a click that is counted before its impression."""
    assert sum(published_shares(counted((MARKS[0], -1, 3)))[1::2]) == PARTS


def test_rankers_are_told_of_other_variants() -> None:
    assert shares_moved((), (1, 128, 2, 128))
    assert shares_moved((1, 128, 2, 128), ())
    assert not shares_moved((), ())


def test_today_reads_and_writes_the_golden_sums() -> None:
    """Contract: the golden file, byte for byte; another version is refused."""
    sums = counted((MARKS[0], 100, 3), (MARKS[1], 99, 2))
    assert GOLDEN.read_bytes() == encode_variant_sums(sums)
    assert decode_variant_sums(GOLDEN.read_bytes()).tobytes() == sums.tobytes()
    with pytest.raises(ValueError, match="version 9; this build reads 1"):
        decode_variant_sums(b"\x09")


def test_only_what_says_so_earns() -> None:
    assert earns(THREE)
    assert not earns(activity("a", variants=THREE.variants))
    assert not earns(activity("a"))
