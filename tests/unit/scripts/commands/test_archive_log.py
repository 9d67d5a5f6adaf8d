"""An archive is read as the log that `tideline export` makes, in any number of parts."""

from __future__ import annotations

import json
from itertools import chain
from types import SimpleNamespace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from pyarrow import parquet

from tests.support.core_world import CATEGORIES, DAY_MS, KEYS, NOON_MS, activity, make_ranker
from tests.support.damage import flip_a_byte
from tests.support.shopper import Shopper, visits
from tideline.schemas.decision_writer import encode_decision
from tideline.schemas.errors import ConfigError
from tideline.schemas.events import Event, EventType
from tideline.schemas.topics import Topics
from tideline.scripts.analysis import join_log
from tideline.scripts.archive.topic_columns import decisions_of, events_of
from tideline.scripts.commands import export_log
from tideline.scripts.commands.archive_log import Shop, log_file, write_archived
from tideline.scripts.commands.target import Target
from tideline.scripts.commands.tideline import main
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.io.archive_files import read, rows_of, write_range
from tideline.udfs.io.kafka_cluster import KafkaCluster

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_KNOWN = [activity(f"a{at}", categories=(CATEGORIES[at % 4],)) for at in range(6)]
_SECRETS = json.dumps({str(key): secret.hex() for key, secret in KEYS.secrets.items()})
_USERS = 30


def _archive(folder: Path) -> Path:
    """Write what a shop of some users leaves, one of whom was erased."""
    events: list[TopicRecord] = []
    decisions: list[TopicRecord] = []
    for number in range(_USERS):
        user = f"u{number}"
        shopper = Shopper(make_ranker(_KNOWN, list_size=4), user)
        shopper.hear(*visits(np.random.default_rng(number), 3 + number % 5, CATEGORIES, user=user))
        last = shopper.lists[-1]
        logged = shopper.sees(*range(1 + number % 4))
        if number % 3 == 0:
            at_ms, name = NOON_MS + 9 * 60_000, last.names[0]
            shopper.hear(Event("c", user, EventType.CLICK, at_ms, activity_id=name, token=last.text, position=0))
        events += shopper.records
        decisions += [TopicRecord(0, user.encode(), encode_decision(each), NOON_MS) for each in logged]
    dice = np.random.default_rng(1)
    for topic, records in (("clickstream", events), ("decisions", decisions)):
        order = dice.permutation(len(records)) if topic == "decisions" else np.arange(len(records))
        numbered = [records[place]._replace(offset=at) for at, place in enumerate(order.tolist())]
        half = len(numbered) // 2
        write_range(folder, topic, (0, 0, half), numbered[:half])
        write_range(folder, topic, (0, half, len(numbered)), numbered[half:])
    told = [TopicRecord(at, each.activity_id.encode(), encode_activity(each), 0) for at, each in enumerate(_KNOWN)]
    write_range(folder, "activities", (0, 0, len(told)), told)
    return folder


@pytest.mark.parametrize("of_a_part", [10**9, 40, 7])
def test_parts_of_users_make_the_log_of_all(tmp_path: Path, of_a_part: int) -> None:
    """Contract: the rows of a join of everything at once, whatever a part has; one part in its order, too."""
    folder = _archive(tmp_path / "archive")
    shop = Shop.of(read(folder, "activities"), (), KEYS, 7.0)
    decisions, _ = decisions_of(read(folder, "decisions"))
    whole = join_log.join(decisions, events_of(read(folder, "clickstream")), shop.settings, shop.activities)
    out = tmp_path / "log.parquet"
    assert write_archived(folder, Topics(), shop, out, of_a_part) == whole.num_rows > _USERS
    found = parquet.read_table(out)
    assert sum(found["click"].to_pylist()) == _USERS // 3
    order = [("decision_id", "ascending"), ("position", "ascending")]
    assert found.sort_by(order).equals(whole.sort_by(order))
    assert (of_a_part < 10**9) or found.equals(whole)
    assert [each.name for each in tmp_path.iterdir() if each.name[0] == "."] == []


def test_topics_make_the_log_of_their_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: the same rows, of users in parts where the topics are large; what is no record is counted."""
    folder = _archive(tmp_path / "archive")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", _SECRETS)

    def read_topic(_: KafkaCluster, topic: str, told: object = None) -> Iterable[TopicRecord]:
        none = [TopicRecord(9, b"u", b"none", NOON_MS)] if topic == "decisions" else []
        return chain(read(folder, topic), none)

    monkeypatch.setattr(export_log, "read_topic", read_topic)
    monkeypatch.setattr(export_log, "topic_size", lambda _, topic: 10**7 + rows_of(folder, topic))
    monkeypatch.setattr(export_log, "read_policy", lambda *_: SimpleNamespace(records=()))
    (tmp_path / "link.parquet").symlink_to(tmp_path / "live.parquet")
    rows = export_log.write(Target(KafkaCluster("h:1"), Topics()), tmp_path / "link.parquet")
    assert (tmp_path / "link.parquet").is_symlink()
    assert "decision records, and 1 that are none; " in capsys.readouterr().err
    shop = Shop.of(read(folder, "activities"), (), KEYS, 7.0)
    assert write_archived(folder, Topics(), shop, tmp_path / "log.parquet", 500_000) == rows
    found, whole = (parquet.read_table(tmp_path / f"{name}.parquet") for name in ("live", "log"))
    order = [("decision_id", "ascending"), ("position", "ascending")]
    assert found.sort_by(order).equals(whole.sort_by(order))
    assert not found.equals(whole)
    times = np.array(whole["ts_ms"])
    assert (np.diff(times) < 0).sum() <= 1  # two parts, each by time


def test_verbs_that_read_a_log_read_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: report, ope and experiment say of it what they say of the file that is made of it."""
    folder = _archive(tmp_path / "archive")
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", _SECRETS)
    with log_file(folder) as made:
        (tmp_path / "log.parquet").write_bytes(made.read_bytes())
    assert not made.exists()
    ope = ["ope", "--policy", "uniform", "--json"]
    for verb in (["report", "--json"], ope, ["experiment", "status", "--id", "none", "--json"]):
        status = main([*verb, "--log", str(tmp_path / "log.parquet")])
        wanted = capsys.readouterr().out
        assert main([*verb, "--log", str(folder)]) == status
        assert capsys.readouterr().out == wanted


def test_a_damaged_page_of_a_log_or_an_archive_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: one line with the file, whatever reads it: what is written by us has checksums."""
    folder, log = _archive(tmp_path / "archive"), tmp_path / "log.parquet"
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", _SECRETS)
    with log_file(folder) as made:
        log.write_bytes(made.read_bytes())
    flip_a_byte(log, "click")
    archived = next((folder / "topic=decisions").rglob("*.parquet"))
    flip_a_byte(archived, "value")
    capsys.readouterr()
    for path, damaged in ((log, log), (folder, archived)):
        for verb in (["report"], ["ope", "--policy", "uniform", "--reward", "click"]):
            assert main([*verb, "--log", str(path)]) == 1
            said = capsys.readouterr().err
            assert said.count("\n") == 1
            assert str(damaged) in said
            assert "CRC checksum verification failed" in said


def test_a_file_is_read_as_it_is(tmp_path: Path) -> None:
    with log_file(tmp_path / "log.csv") as path:
        assert path == tmp_path / "log.csv"


def test_what_an_archive_lacks_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: secrets, and activities, which it keeps where it is told to."""
    write_range(tmp_path, "decisions", (0, 0, 1), [TopicRecord(0, b"u", b"", NOON_MS + DAY_MS)])
    monkeypatch.delenv("TIDELINE_TOKEN_KEYS", raising=False)
    assert main(["report", "--log", str(tmp_path)]) == 1
    assert "TIDELINE_TOKEN_KEYS" in capsys.readouterr().err
    monkeypatch.setenv("TIDELINE_TOKEN_KEYS", _SECRETS)
    with pytest.raises(ConfigError, match="topic=activities"), log_file(tmp_path):
        pass
