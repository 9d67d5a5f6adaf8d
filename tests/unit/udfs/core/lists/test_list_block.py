"""Packing of a batch of lists, and the version at a list's head."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.core.lists.list_block import decode_block, encode_block
from tideline.udfs.core.lists.list_version import ListVersion, parse_version

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(TEXT, st.binary(max_size=400))))
def test_a_block_gives_back_every_list_in_order(lists: list[tuple[str, bytes]]) -> None:
    """Contract: nothing is lost, joined or reordered, whatever the ids and payloads hold."""
    users, payloads = [user for user, _ in lists], [payload for _, payload in lists]

    found_users, found_payloads = decode_block(encode_block(users, payloads))

    assert [user.decode() for user in found_users] == users
    assert found_payloads == payloads


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
    with pytest.raises(ValueError, match="not with version 1"):
        decode_block(b"\x02" + encode_block(["a"], [b"{}"])[1:])


def test_the_version_is_read_from_the_head() -> None:
    assert parse_version(b'{"v":[1,1700000000000,42],"m":1,"i":[],"e":[]}') == ListVersion(1, 1700000000000, 42)


def test_versions_compare_left_to_right() -> None:
    """Contract: the generation outweighs the time, the time the sequence number."""
    assert ListVersion(2, 0, 0) > ListVersion(1, 9, 9) > ListVersion(1, 8, 99) > ListVersion(1, 8, 98)


@pytest.mark.parametrize("payload", [b"", b'{"m":1,"v":[1,2,3]}', b'{"v":[1,2]}', b'{"v":[-1,2,3]}', b'{"v": [1,2,3]}'])
def test_a_payload_without_its_version_in_front_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="a list must start with"):
        parse_version(payload)
