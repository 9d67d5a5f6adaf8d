"""What is said of messages; tests/contract/scripts/commands/test_push.py has the lines of each verb."""

from __future__ import annotations

from typing import Any

from tideline.scripts.commands.push_words import judged_lines, plan_lines, status_lines

BROUGHT = {"points": 10, "sent": 9, "users": 10, "total": 1234.5, "low": 100.0, "high": 2000.25}


def status(**more: Any) -> str:
    campaign = {"activity_id": "tea\x1b[31m", "sent": 9, "withheld": 1, "must": 0, "not_sent": {}, "brought": BROUGHT}
    told = {
        "sent": 9,
        "withheld": 1,
        "not_sent": {},
        "unsubscribed": 2,
        "brought": BROUGHT,
        "campaigns": [campaign],
        "channels": [],
    }
    told["costs"] = {name: {"points": 0, "value": 0.0} for name in ("room", "chance", "must")} | {"not_sent": {}}
    return "\n".join(status_lines(told | {"lost": 0, "unclear": 0, "stopped": {}} | more, 28, 72.0))


def test_status_has_a_line_for_each_campaign_and_one_for_all() -> None:
    """Contract: bounds beside what was brought; an id moves no cursor; what is not there is not spoken of."""
    told = status()
    assert "28 days: 9 sent, 1 withheld by chance; not sent: none; 2 users unsubscribed" in told
    assert "tea\\x1b[31m" in told
    assert told.count("1,234.50  100.00 and 2,000.25") == 2
    assert "STOPPED" not in told
    assert "claimed" not in told
    assert "3 are claimed" in status(lost=3)
    assert "what rules cost" not in told


def test_channels_have_a_line_each_where_there_are_any() -> None:
    """Contract: as campaigns have; without any nothing is said of them."""
    by = {"sent": 1, "withheld": 2, "must": 0, "not_sent": {"expired": 1}, "brought": BROUGHT | {"low": None}}
    (line,) = [each for each in status(channels=[by | {"channel": "email"}]).splitlines() if "email" in each]
    assert line.split()[:5] == ["by", "email", "1", "2", "1"]
    assert line.endswith("too little came of either kind to say")
    assert "by email" not in status()


def test_rules_that_cost_something_are_named_with_what_they_cost() -> None:
    """Contract: those that bore on nothing are not spoken of."""
    costs: dict[str, Any] = {name: {"points": 0, "value": 0.0} for name in ("chance", "must")}
    costs |= {"room": {"points": 1200, "value": 34.5}, "not_sent": {"expired": {"points": 2, "value": 1.0}}}
    (line,) = [each for each in status(costs=costs).splitlines() if "what rules cost" in each]
    assert "1,200 worth sending, 34.50 at most; 2 expired, 1.00" in line
    assert "had to be sent" not in line


def test_fewer_messages_are_said_as_such() -> None:
    told = {"refused": None, "pushes": -12.0, "least": 0.5, "points": 100, "changed": 20, "gain": 1.0}
    lines = judged_lines(told | {"low": None, "high": 3.0})
    assert lines[0].startswith("sent where they are worth more than 0.5: 12 fewer messages at 100 points")
    assert lines[1] == "that would have gained 1.00, between - and 3.00"


def test_a_plan_has_campaigns_and_hours() -> None:
    told = {"days": 7, "campaigns": [{"activity_id": "tea", "sends": 3.25, "value": 1.5}]}
    lines = plan_lines(told | {"hours": [{"hour": "08", "sends": 3.25, "value": 1.5}]})
    assert [line.split() for line in lines[2::2]] == [["tea", "3.2", "1.5000"], ["08", "3.2", "1.5000"]]
