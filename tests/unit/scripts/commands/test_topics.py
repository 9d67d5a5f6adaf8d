"""Contract: topic names and layout are one table; a wrong configuration says what is allowed."""

from pathlib import Path

import pytest

from tideline.schemas.topics import Topics
from tideline.scripts.commands.topics import TopicError, check_clock, main, read_config


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
        ('{"topics": ["x"]}', "allowed is an object of names by role"),
        ('{"security": ["x"]}', "security: allowed is an object of settings"),
        ('{"topics": {"control": 5}}', r"topics\.control=5: allowed are 1 to 249"),
        ('{"topics": {"control": "a b"}}', r"topics\.control='a b': allowed are 1 to 249"),
    ],
)
def test_wrong_file_is_refused(text: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "topics.json"
    path.write_text(text)
    with pytest.raises(TopicError, match=message):
        read_config(path)


@pytest.mark.parametrize(("kind", "refused"), [("LogAppendTime", False), ("CreateTime", True)])
def test_a_clickstream_with_the_devices_clock_is_refused_with_what_to_do(kind: str, refused: bool) -> None:
    """Contract: one fast device clock would empty its user's list for years."""
    if not refused:
        check_clock("clicks", kind)
        return
    with pytest.raises(TopicError, match=r"'clicks' has message\.timestamp\.type=CreateTime; needed is LogAppendTime"):
        check_clock("clicks", kind)


@pytest.mark.parametrize("number", ["0", "-1", "x", "10001"])
def test_a_number_of_partitions_that_cannot_be_ends_in_usage(number: str) -> None:
    with pytest.raises(SystemExit):
        main(["--bootstrap", "b:1", f"--partitions={number}"])


@pytest.mark.parametrize("address", ["localhost", "localhost:abc", "localhost:0", "localhost:99999", "a b:9092", ""])
def test_an_address_that_cannot_be_ends_in_usage(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: exit status 2 with the value and what is allowed, before a broker is asked."""
    with pytest.raises(SystemExit) as ended:
        main(["--bootstrap", address])
    assert ended.value.code == 2
    assert f"{address!r}; allowed: host:port" in capsys.readouterr().err
