"""Packing of a batch of lists, and the version at a list's head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.lists.list_block import decode_block, encode_block

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXT, st.binary(max_size=400))))
def test_a_block_gives_back_every_list_in_order(lists: list[tuple[str, bytes]]) -> None:
    """Contract: nothing is lost, joined or reordered, whatever the ids and payloads hold."""
    users, payloads = [user for user, _ in lists], [payload for _, payload in lists]

    found_users, found_payloads, _ = decode_block(encode_block(users, payloads))

    assert [user.decode() for user in found_users] == users
    assert found_payloads == payloads


@given(st.lists(st.tuples(TEXT, st.binary(max_size=40), st.binary(max_size=40)), min_size=1))
def test_a_block_gives_back_the_lists_of_placements_user_by_user(lists: list[tuple[str, bytes, bytes]]) -> None:
    """Contract: whatever the ids hold, colons too; all lists of a user stand together."""
    users, default, cart = map(list, zip(*lists, strict=True))

    found = decode_block(encode_block(users, default, {"cart": cart, "a.b": default}))

    assert [user.decode() for user in found.users] == [user for user in users for _ in range(3)]
    assert found.placements == [b"", b"cart", b"a.b"] * len(users)
    assert found.payloads == [each for one, other in zip(default, cart, strict=True) for each in (one, other, one)]


def test_users_and_payloads_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="2 users with 1 payloads"):
        encode_block(["a", "b"], [b"{}"])


@given(st.data())
def test_a_cut_or_prolonged_block_is_refused(data: st.DataObject) -> None:
    """Contract: a damaged block is an error, never other lists than were packed."""
    block = encode_block(["u1", "ü2"], [b'{"v":[1,2,3]}', b""])
    damaged = data.draw(st.sampled_from([block[:cut] for cut in range(len(block))] + [block + b"x"]))

    with pytest.raises(ValueError, match="list block"):
        decode_block(damaged)


def test_a_block_of_another_version_is_refused() -> None:
    with pytest.raises(ValueError, match="not with version 1 or 2"):
        decode_block(b"\x03" + encode_block(["a"], [b"{}"])[1:])
