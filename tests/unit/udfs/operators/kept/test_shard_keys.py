"""Which shard Flink is pointed at."""

from __future__ import annotations

from tideline.udfs.operators.kept.shard_keys import ShardKeys


def test_flink_is_pointed_at_a_shard_only_where_it_was_at_another() -> None:
    """Contract: what it was pointed at for an element or a timer counts, whatever was there before."""
    pointed: list[int] = []
    keys = ShardKeys(pointed.append)
    keys.at(3)
    keys.at(3)
    keys.at(4)
    keys.entered(7)
    keys.at(7)
    keys.at(4)
    assert pointed == [3, 4, 4]
