"""What `tideline experiment` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken


def test_an_arm_is_a_name_a_policy_and_a_share() -> None:
    """Contract: the policy may hold colons and equals signs of its own; the share is kept in thousandths."""
    given = taken("experiment", "start --id x --arm wild=linucb:alpha=0.3:0.1 --arm ts=thompson:0.0006")
    assert given.arm == [
        {"name": "wild", "policy": "linucb:alpha=0.3", "permille": 100},
        {"name": "ts", "policy": "thompson", "permille": 1},
    ]


@pytest.mark.parametrize("arm", ["wild", "wild=linucb", "wild=:0.1", "wild=linucb:", "wild=linucb:0.0001", "a=b:much"])
def test_what_is_no_arm_is_refused_with_how_one_is_written(arm: str) -> None:
    """Contract: also a share of less than half a thousandth: nobody would get it."""
    said = refused("experiment", f"start --id x --arm {arm}")
    assert f"{arm!r}; allowed: NAME=POLICY:SHARE" in said


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("watch --id x --guard 0.1", "numbers from -1 to 0"),
        ("watch --id x --every 0", "numbers from 1 to 86400"),
        ("status --id x --log f --guard nan", "numbers from -1 to 0"),
    ],
)
def test_a_number_out_of_range_is_refused(line: str, allowed: str) -> None:
    assert f"allowed: {allowed}" in refused("experiment", line)


@pytest.mark.parametrize("line", ["start", "stop", "watch", "status --log f"])
def test_an_experiment_is_always_named(line: str) -> None:
    assert "--id" in refused("experiment", line)
