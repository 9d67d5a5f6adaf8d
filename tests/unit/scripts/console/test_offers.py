"""Contract: each activity is told with what was learned of it, and never with more certainty than that."""

from __future__ import annotations

import json

import pytest

from tests.support.core_world import NOON_MS, activity
from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.activity_topic import ActivityTopic, InTopic
from tideline.scripts.commands.ledger_lines import Standings
from tideline.scripts.console.learned import Learned
from tideline.scripts.console.offers import counts, offer, offers
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.catalogue.activity import Rule
from tideline.udfs.core.policies.policy_table import PolicyTable, cold_row

_TEA = activity("tea", title="Tea", budget=50.0, cost=2.0, items=tuple(map(str, range(500))), rule=Rule(min_events=2))
_ROW = cold_row()._replace(
    version=1,
    encoder=3,
    impressions=150.0,
    carried_impressions=50.0,
    rewards=(8.0, 0.0, 0.0),
    carried_rewards=(2.0, 0.0, 0.0),
)


def _world() -> tuple[ActivityTopic, Learned]:
    table = PolicyTable()
    table.apply("tea", _ROW)
    spent = Standings({"tea": Standing(spent_cents=1_250, pending_cents=300)}, {})
    topic = ActivityTopic({"tea": InTopic(_TEA, 1), "milk": InTopic(activity("milk"), 1)}, {"bad": "no title"})
    return topic, Learned(table, spent)


def test_a_rate_is_that_of_the_policy_s_counts_with_its_interval() -> None:
    """Contract: 10 of 200 are 5 %, Wilson's interval 2.7 to 9.0 %."""
    told = counts(_ROW)
    assert (told["shown"], told["clicks"], told["rate"], told["cold"]) == (200.0, 10.0, 0.05, False)
    assert told["rate_ci95"] == pytest.approx([0.027, 0.090], abs=0.001)


@pytest.mark.parametrize("shown", [0.0, 0.4])
def test_what_was_hardly_shown_has_no_rate(shown: float) -> None:
    told = counts(cold_row()._replace(impressions=shown))
    assert (told["rate"], told["rate_ci95"], told["cold"]) == (None, None, True)
    assert counts(None)["rate"] is None


@pytest.mark.parametrize("clicks", [0.0, 3.0, 99.0])
def test_an_interval_is_a_share_whatever_the_weights_made_of_the_counts(clicks: float) -> None:
    """Contract: weighted clicks may be more than weighted impressions."""
    low, high = counts(cold_row()._replace(impressions=3.0, rewards=(clicks, 0.0, 0.0)))["rate_ci95"]
    assert 0.0 <= low <= high <= 1.0


def test_all_are_listed_with_those_that_were_refused() -> None:
    told = offers(*_world(), NOON_MS)["activities"]
    assert [each["activity_id"] for each in told] == ["bad", "milk", "tea"]
    assert (told[2]["spent"], told[2]["budget"], told[2]["ruled"], told[1]["ruled"]) == (12.5, 50.0, True, False)
    assert (told[0]["open"], told[0]["refused"]) == (False, "no title")
    json.dumps(told, allow_nan=False)


def test_one_is_told_with_its_rule_and_limits_in_words_and_long_lists_cut() -> None:
    told = offer(*_world(), "tea", NOON_MS)
    assert told["rule"] == ["events at least 2"]
    assert told["limits"].startswith("spent 12.50 of 50.00, 3.00 expected yet")
    assert len(told["activity"]["items"]) == 11
    assert "caps" not in told["activity"]
    assert offer(*_world(), "bad", NOON_MS)["activity"] is None
    json.dumps(told, allow_nan=False)


def test_one_that_never_was_is_refused() -> None:
    with pytest.raises(ConfigError, match="absent"):
        offer(*_world(), "absent", NOON_MS)
