"""Contract: topic names and layout are one table; a wrong configuration says what is allowed."""

import pytest

from tideline.scripts.commands.topics import Ensured, TopicError, check_clock, main, told


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


@pytest.mark.parametrize(
    ("has", "asked", "line"),
    [
        (4, None, "clicks: was there, partitions: 4"),
        (4, 4, "clicks: was there, partitions: 4"),
        (4, 16, "partitions: 4, not 16: kafka-topics --alter --topic clicks --partitions 16 adds them"),
        (16, 4, "partitions: 16, not 4: a topic never has fewer"),
    ],
)
def test_a_topic_that_stays_as_it_is_says_so(has: int, asked: int | None, line: str) -> None:
    """Contract: nobody takes it for divided as he asked."""
    assert told(Ensured("clicks", False, has), asked).endswith(line)
