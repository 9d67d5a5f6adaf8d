"""The adversary who knows the code."""

from __future__ import annotations

import zlib

import orjson

from tideline.scripts.benchmarks.year.year_adversary import Adversary, twin
from tideline.scripts.benchmarks.year.year_visitors import Page
from tideline.scripts.benchmarks.year.year_world import START_MS


def test_a_twin_is_another_id_with_the_same_checksum() -> None:
    """The adversary's ids have letters only and collide in all 32 bits."""
    for name in ("a00001", "a04711", "z"):
        other = twin(name)
        assert other != name
        assert other.isalpha()
        assert zlib.crc32(other.encode()) == zlib.crc32(name.encode())


def test_the_drainer_converts_every_entry_of_old_lists_and_new_ones_again_and_again() -> None:
    """Contract: at the dearest, the cheapest and a negative worth; what is stopped by now stands there too."""
    adversary = Adversary(3, 1)
    for number in range(2):
        page = Page((1, START_MS, number), 1, ("a1", "a2"), f"token{number}", (9, 9))
        sent = [orjson.loads(value) for _, value, _ in adversary.drains(page, START_MS)]
    assert {each["user_id"] for each in sent} == {adversary.drainer}
    converted = [(each["token"], each["value"]) for each in sent if each["type"] == "conversion" and "token" in each]
    assert {token for token, _ in converted} == {"token0", "token1"}
    assert {value for _, value in converted} == {1e9, 0.01, -1e9}


def test_every_list_is_clicked_with_the_tokens_of_the_others() -> None:
    lists = [Page((1, 5, 1), 1, ("a", "b"), "default"), Page((1, 5, 1), 1, ("c",), "cart")]
    sent = [orjson.loads(value) for _, value, _ in Adversary(3, 1).elsewhere("x001", lists, START_MS)]
    assert [(each["token"], each["activity_id"], each["position"]) for each in sent] == [
        ("cart", "a", 0),
        ("cart", "b", 1),
        ("default", "c", 0),
    ]
