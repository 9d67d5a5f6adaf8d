"""Contract: an archive of a real topic holds each offset once, however often its writer is killed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from kafka.admin import KafkaAdminClient, NewTopic
from pyarrow import parquet

from tests.support.kafka_topics import produce
from tideline.schemas.topics import Topics
from tideline.scripts.commands.tideline import main
from tideline.udfs.io.archive_files import files_of, read
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    from pathlib import Path

    from tideline.scripts.localstack import Stack
    from tideline.udfs.io.archive_files import ArchivedFile

pytestmark = pytest.mark.integration

EVENTS = int(os.environ.get("TIDELINE_ARCHIVE_EVENTS", "100000"))
_KILLS, _FILES = 10, 250


def test_a_writer_killed_ten_times_archives_each_offset_once(stack: Stack, tmp_path: Path) -> None:
    """Contract: SIGKILL at moments drawn from all of its work; after each, every visible file is whole, and in the end
    the archive has what Kafka has, record by record."""
    suffix = f"-archive-{os.getpid()}"
    topics = Topics().with_suffix(suffix)
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka_bootstrap)
    admin.create_topics([NewTopic(topics.clickstream, 4, 1), NewTopic(topics.decisions, 2, 1)])
    admin.close()
    produce(stack.kafka_bootstrap, topics.clickstream, ((b"u%d" % (at % 999), b"%d" % at) for at in range(EVENTS)))
    produce(stack.kafka_bootstrap, topics.decisions, ((b"u", b"%d" % at) for at in range(100)))
    verb = [sys.executable, "-m", "tideline.scripts.commands.tideline", "archive", "--to", str(tmp_path / "archive")]
    rows = ["--rows", str(EVENTS // _FILES), "--bootstrap", stack.kafka_bootstrap, f"--suffix={suffix}"]
    command = [*verb, *rows]
    dice, sizes = random.Random(8), []
    for wanted in sorted(dice.sample(range(EVENTS * 3 // 4), _KILLS)):
        process = subprocess.Popen(command)
        before = len(files_of(tmp_path / "archive", topics.clickstream))
        while len(files := files_of(tmp_path / "archive", topics.clickstream)) == before or _records(files) < wanted:
            assert process.poll() is None
            time.sleep(0.002)
        time.sleep(dice.random() / 20)  # the moment is what is drawn, nothing is waited for
        process.send_signal(signal.SIGKILL)
        assert process.wait() == -signal.SIGKILL
        files = files_of(tmp_path / "archive", topics.clickstream)
        sizes.append(sum(parquet.read_metadata(each.path).num_rows for each in files))
        assert sizes[-1] == _records(files)
    assert sizes == sorted(set(sizes))
    assert sizes[-1] < EVENTS
    assert subprocess.run(command, check=True, capture_output=True).returncode == 0
    for topic in (topics.clickstream, topics.decisions):
        assert list(read(tmp_path / "archive", topic)) == list(read_topic(stack.kafka, topic))


def _records(files: list[ArchivedFile]) -> int:
    return sum(each.stop - each.start for each in files)


def test_who_is_erased_is_gone_from_an_archive_that_is_named(stack: Stack, tmp_path: Path) -> None:
    """Contract: what was archived and what was not yet; no later run brings any of it back; others stay."""
    suffix = f"-unarchived-{os.getpid()}"
    topics, where = Topics().with_suffix(suffix), ["--stack", stack.name, f"--suffix={suffix}"]
    folder = tmp_path / "archive"
    assert main(["topics", *where]) == 0
    told = [(user, b"of %b" % user) for user in (b"user-one", b"user-two", b"user-one")]
    produce(stack.kafka_bootstrap, topics.clickstream, told)
    assert main(["archive", *where, "--to", str(folder)]) == 0
    produce(stack.kafka_bootstrap, topics.clickstream, told)
    produce(stack.kafka_bootstrap, topics.decisions, told)
    assert main(["erase", "user-one", *where, "--archive", str(tmp_path / "none")]) == 1
    assert main(["erase", "user-one", *where, "--archive", str(folder)]) == 0
    assert main(["archive", *where, "--to", str(folder), "--merge"]) == 0
    left = [each.key for topic in (topics.clickstream, topics.decisions) for each in read(folder, topic)]
    assert left == [b"user-two"] * 3
    assert not any(b"user-one" in path.read_bytes() for path in folder.rglob("*.parquet"))
