"""Senders of several processes that share a rate, by a real Redis; a file stands in place of the topic."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from typing import TYPE_CHECKING

from tests.support.push_log import push_record
from tests.support.push_process import write_records
from tests.support.waiting import PATIENCE_S
from tideline.scripts.localstack.paths import REPOSITORY
from tideline.udfs.core.push.push_record import encode_push

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.list_stores import Real

RATE, HANDS = 40, 4


def test_two_processes_send_no_more_than_the_rate_together_and_both_send(real: Real, tmp_path: Path) -> None:
    """Contract: both have the same records, as behind a restore: none goes twice, in no second more than the rate.

    More go in a second by a fiftieth, one, and a message for each hand whose place is of before it.
    """
    records = [push_record(f"u{number}") for number in range(240)]
    folders = [tmp_path / "one", tmp_path / "other"]
    for folder in folders:
        folder.mkdir()
        write_records(folder, [encode_push(each) for each in records])
    argv = [sys.executable, "-m", "tests.support.push_process", real.url, real.prefix]
    running = [subprocess.Popen([*argv, str(each), str(RATE), str(RATE)], cwd=REPOSITORY) for each in folders]
    assert [each.wait(PATIENCE_S) for each in running] == [0, 0]
    logs = [[json.loads(line) for line in (each / "sent").read_text().splitlines()] for each in folders]
    sent = [told for log in logs for told in log]
    assert Counter(each["push_id"] for each in sent) == dict.fromkeys((each.push_id for each in records), 1)
    assert all(len(log) >= 10 for log in logs)
    times = [each["at_ms"] for each in sent]
    most = max(sum(first <= each < first + 1_000 for each in times) for first in times)
    assert most <= RATE + RATE // 50 + 1 + len(folders) * HANDS
