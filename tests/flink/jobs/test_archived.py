"""Contract: a replay of an archive, run to its end on a mini-cluster, makes what plain Python does."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from tests.contract.conftest import server
from tests.flink.jobs.test_replay_end import AT_ONCE, SLOWLY, Shop, sha256_of
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.serving.past.some_users import SomeUsers
from tideline.udfs.io.archive_files import write_range

if TYPE_CHECKING:
    from pathlib import Path

    from tests.contract.conftest import Server

__all__ = ["server"]
pytestmark = [pytest.mark.flink, pytest.mark.slow]


def test_an_archive_gives_the_same_lists_whatever_the_subtasks_and_a_failure(server: Server, tmp_path: Path) -> None:
    """Contract: one digest, that of the records one by one; each record is accounted for, behind a failure too."""
    shop = Shop(tmp_path)
    records: dict[int, list[TopicRecord]] = {}
    for key, value, partition, offset, ms in shop.records:
        records.setdefault(partition, []).append(TopicRecord(offset, key.encode(), value.encode(), ms))
    for partition, every in records.items():
        for start in range(0, len(every), 700):
            some = every[start : start + 700]
            write_range(tmp_path / "archive", "clickstream", (partition, start, start + len(some)), some)
    (tmp_path / "archived.json").write_text(json.dumps({str(at): len(every) for at, every in records.items()}))
    plain = shop.replayed(server.url, "archived", 1)
    shop.fails("archived-again")
    again = shop.replayed(server.url, "archived-again", 2, SLOWLY)
    assert shop.went_back("archived-again")
    oracle = shop.oracle()
    assert plain == again
    assert plain[:2] == (len(oracle.lists), sha256_of(oracle.lists))
    mine = {user: made for user, made in oracle.lists.items() if SomeUsers(4).has(user)}
    part = shop.replayed(server.url, "archived-part", 2, AT_ONCE, "--users", "1/4")
    assert part[:2] == (len(mine), sha256_of(mine))
    for found in (plain, part):
        assert {partition: counts.total() for partition, counts in found[2].items()} == shop.written
    assert sum(plain[2].values(), Counter[str]())["wrong_shape"] == shop.bad
