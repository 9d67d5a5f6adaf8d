"""What `tideline push_sender` takes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.scripts.parsers.verbs import parse


def test_messages_go_through_one_carrier() -> None:
    """Contract: none, or two of them, is a wrong command line; without more a sender is modest."""
    given = parse("push_sender", ["--to-log", "sent.jsonl"])
    assert (given.to_log, given.per_second, given.per_campaign, given.attempts) == (Path("sent.jsonl"), 50.0, None, 5)
    for wrong in ([], ["--to-log", "x", "--webhook", "http://h/"], ["--smtp", "host"], ["--smtp", "h:0"]):
        with pytest.raises(SystemExit):
            parse("push_sender", wrong)
    assert parse("push_sender", ["--smtp", "mail.shop.example:25"]).smtp == ("mail.shop.example", 25)


def test_a_sender_listens_where_it_is_told_to_and_else_nowhere() -> None:
    """Contract: several on a machine must not want one address by themselves."""
    assert parse("push_sender", ["--to-log", "x"]).listen is None
    assert parse("push_sender", ["--to-log", "x", "--listen", "10.1.0.7:9401"]).listen == ("10.1.0.7", 9401)


def test_a_sender_may_be_of_one_channel(capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: one that there is not is refused with those that there are; without one it sends by all."""
    assert parse("push_sender", ["--to-log", "x"]).channel is None
    assert parse("push_sender", ["--to-log", "x", "--channel", "email"]).channel == "email"
    with pytest.raises(SystemExit):
        parse("push_sender", ["--to-log", "x", "--channel", "fax"])
    assert "'fax'" in (said := capsys.readouterr().err)
    assert "messenger" in said
