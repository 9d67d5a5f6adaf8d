"""What a list was ranked on, in words."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import NOON_MS, token_for
from tideline.scripts.commands.list_reasons import in_words, reasons
from tideline.udfs.core.pairs.affinity import MOST, in_a_row
from tideline.udfs.core.pairs.pair_numbers import breadth_step, pack


def test_each_entry_has_the_shares_and_the_times_of_its_pair() -> None:
    """Contract: as they were scored; read without the secret that signs tokens."""
    affinity = np.array([[MOST, MOST, MOST], [0, 20, 63]], np.uint8)
    pairs = pack(in_a_row(affinity), breadth_step(np.array([1, 2])), np.array([0, 9]))
    token = token_for("u", ["a", "b"], NOON_MS, pairs=pairs[None])
    first, second = reasons(token, 2)
    assert first == {"shares": {"10": 1.0, "100": 1.0, "1000": 1.0}, "seen": 0}
    assert second is not None
    assert second["seen"] == 7
    assert second["shares"]["10"] == 0.0 < second["shares"]["100"] < second["shares"]["1000"] == 1.0
    assert in_words(first, ["BREAD", "TEA"]) == "BREAD, TEA: 100 % / 100 % / 100 %; not seen yet"


def test_each_entry_says_what_list_rules_left_for_its_place() -> None:
    """Contract: how many of how many, and by which rules; nothing where none had a say in the list."""
    ruled = token_for("u", ["a", "b"], feasible=np.array([[12, 4]]), acted=np.array([1]))
    first, second = reasons(ruled, 2)
    assert first is not None
    assert second is not None
    assert (second["feasible"], second["left"], second["rules"]) == (4, 11, ["list.category"])
    assert in_words(second, ["TEA"]).endswith("; list.category left 4 of 11 for this place")
    assert "list." not in in_words(first, ["TEA"])


def test_a_list_without_a_token_that_can_be_read_tells_nothing() -> None:
    """Contract: an old or a foreign list is shown all the same."""
    for token in (None, "", "t", "AAAA" * 40):
        assert reasons(token, 2) == [None, None]
    assert in_words(None, ["BREAD"]) == "not told by the list"


def test_shares_are_rounded_as_people_read_them() -> None:
    """One digit behind the point where that is much of the share."""
    shares = {"10": 0.996, "100": 0.124, "1000": 0.0156}
    assert in_words({"shares": shares, "seen": 1}, []) == "its categories: 100 % / 12 % / 1.6 %; seen once"
    assert in_words({"shares": shares, "seen": 7}, []).endswith("seen 7 times or more")
