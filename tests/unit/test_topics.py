"""Contract: topic names and layout are one table; a wrong configuration says what is allowed."""

from pathlib import Path

import pytest

from jobs.topics import SPECS, Topics
from scripts.topics import TopicError, read_config


def test_every_topic_has_a_layout() -> None:
    assert Topics().by_role().keys() == SPECS.keys()


def test_suffix_gives_a_set_of_its_own() -> None:
    assert Topics().with_suffix("-x").dead_letters == "dead-letters-x"
    assert not set(Topics().by_role().values()) & set(Topics().with_suffix("-x").by_role().values())


def test_clickstream_time_is_the_broker_s() -> None:
    assert SPECS["clickstream"].config["message.timestamp.type"] == "LogAppendTime"


def test_names_and_security_come_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "topics.json"
    path.write_text('{"topics": {"control": "c"}, "security": {"security_protocol": "SSL"}}')
    assert read_config(path) == (Topics(control="c"), {"security_protocol": "SSL"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "Expecting"),
        ("[]", "allowed is an object"),
        ('{"topic": {}}', '"topics" and "security"'),
        ('{"topics": {"clicks": "x"}}', r"topics\.clicks: allowed are clickstream"),
    ],
)
def test_wrong_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.json"
    path.write_text(text)
    with pytest.raises(TopicError, match=message):
        read_config(path)
