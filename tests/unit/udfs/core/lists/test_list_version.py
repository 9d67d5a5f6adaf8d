"""The version at the head of a list."""

from __future__ import annotations

import pytest

from tideline.udfs.core.lists.list_version import ListVersion, parse_version


def test_the_version_is_read_from_the_head() -> None:
    assert parse_version(b'{"v":[1,1700000000000,42],"m":1,"i":[],"e":[]}') == ListVersion(1, 1700000000000, 42)


def test_versions_compare_left_to_right() -> None:
    """Contract: the generation outweighs the time, the time the sequence number."""
    assert ListVersion(2, 0, 0) > ListVersion(1, 9, 9) > ListVersion(1, 8, 99) > ListVersion(1, 8, 98)


@pytest.mark.parametrize("payload", [b"", b'{"m":1,"v":[1,2,3]}', b'{"v":[1,2]}', b'{"v":[-1,2,3]}', b'{"v": [1,2,3]}'])
def test_a_payload_without_its_version_in_front_is_refused(payload: bytes) -> None:
    with pytest.raises(ValueError, match="a list must start with"):
        parse_version(payload)
