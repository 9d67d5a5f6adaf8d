"""Contract: an activity is told with why it cannot be shown, and as a file would state it."""

from __future__ import annotations

from tests.support.core_world import DAY_MS, NOON_MS, activity
from tideline.scripts.commands.activity_document import document
from tideline.scripts.commands.activity_topic import ActivityTopic, InTopic
from tideline.scripts.commands.ledger_lines import Standings
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.catalogue.activity import Rule

_NONE = Standings({}, {})
_TOPIC = ActivityTopic({"tea": InTopic(activity("tea", rule=Rule(all='[{"events":{">=":3}}]')), 5)}, {"gone": "bad"})


def test_an_open_one_is_stated_with_its_rule_as_it_was_written() -> None:
    told = document(_TOPIC, "tea", NOON_MS, None, _NONE)
    assert (told["open"], told["why"], told["written_ms"]) == (True, [], 5)
    assert told["activity"]["rule"]["all"] == [{"events": {">=": 3}}]


def test_everything_that_keeps_it_from_being_shown_is_said() -> None:
    stopped = Standings({"tea": Standing(stopped=True)}, {})
    why = document(_TOPIC, "tea", NOON_MS + 2 * DAY_MS, "nobody meets its rule", stopped)["why"]
    assert (len(why), why[0].startswith("it is over")) == (2, True)
    assert document(_TOPIC, "tea", NOON_MS, "nobody meets its rule", _NONE)["why"] == ["nobody meets its rule"]
    assert document(_TOPIC, "gone", NOON_MS, None, _NONE)["why"] == ["no record of it was taken"]
