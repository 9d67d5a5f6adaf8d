"""What moved a list is told by numbers that another run of the core gives too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import CATEGORIES, DAY_MS, NOON_MS, activity, make_ranker
from tests.support.shopper import Shopper, visits
from tideline.scripts.audit.decision_scores import Ranking, Scores, explained
from tideline.scripts.audit.list_causes import CAPPED, NOT_FOR_HIM, NOT_REMADE, USED_UP, causes
from tideline.scripts.audit.remade_user import Heard, UserThen
from tideline.udfs.core.budgets.pacing import PRICE_UNIT
from tideline.udfs.core.budgets.standing import Standing, encode_standing
from tideline.udfs.core.catalogue.activity import Cap, Rule
from tideline.udfs.core.policies.arm_key import PRIOR_ID, LedgerKey
from tideline.udfs.core.policies.policy_start import PolicyStart, TopicRecord
from tideline.udfs.core.policies.policy_table import cold_row, decode_row, encode_row, row_key
from tideline.udfs.core.ranking.list_rules import ListRule

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.schemas.events import Event
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.serving.ranker_state import RankerState

_RATES = {f"a{at}": 0.10 + 0.02 * at for at in range(8)}
_PLAIN = [activity(name, categories=(CATEGORIES[at // 2],)) for at, name in enumerate(_RATES)]
_WEIGHTS = (1.0, 0.0, 0.0, 0.0)
_X0 = 90 / 127


class Job:
    """A job with these activities that has learned a rate of each, and something of contexts."""

    def __init__(self, activities: list[Activity], standings: Mapping[str, Standing] | None = None, **how: Any) -> None:
        self.known = {each.activity_id: each for each in activities}
        self.weights = how.get("weights", _WEIGHTS)
        self.ranker: RankerState = make_ranker(activities, **{"list_size": 3, "policy": "linucb", **how})
        rng, self.topic = np.random.default_rng(2), list[TopicRecord]()
        for name in [*self.known, PRIOR_ID]:
            theta = rng.integers(-(2**20), 2**20, (3, 16))
            theta[:2, 0] = round(_RATES.get(name, 0.4) / _X0 * 2**24)
            row = cold_row()._replace(encoder=3, impressions=50.0, total=900.0, theta=theta)
            self._put(row_key(name, row).value, encode_row(row, name))
            self.ranker = self.ranker.with_row(*decode_row(encode_row(row, name), len(self.topic) - 1))
        for name, standing in (standings or {}).items():
            self._put(LedgerKey(name).value, encode_standing(name, standing))
            self.ranker = self.ranker.with_standing(name, standing._replace(version=len(self.topic) - 1))

    def _put(self, key: bytes, value: bytes) -> None:
        self.topic.append(TopicRecord(len(self.topic), key, value, NOON_MS))

    def read(self, version: int | None) -> PolicyStart:
        """Return the policy as of a version."""
        assert version is not None
        return PolicyStart(self.topic[: version + 1], version + 1, NOON_MS, True)

    def told(self, shopper: Shopper, decisions: list[dict[str, Any]], remade: str | None = None) -> dict[str, Any]:
        """Return what is told of a list."""
        scores = Scores(Ranking("linucb:alpha=0.3", self.weights), self.known, self.read)
        found = explained(decisions, scores)
        assert found["equal"], found
        then = UserThen(self.ranker, "u", Heard(shopper.records)).at(decisions[0])
        assert then is not None
        told = found | causes(found, decisions, scores, remade or then)
        json.dumps(told, allow_nan=False)
        return told


def _shown(job: Job, events: list[Event] | None = None) -> tuple[Shopper, list[dict[str, Any]]]:
    shopper = Shopper(job.ranker)
    shopper.hear(*(events or visits(np.random.default_rng(1), 6, CATEGORIES)))
    return shopper, shopper.sees()


def test_who_came_next_is_who_stands_there_on_a_longer_list() -> None:
    """Contract: and the margin is the difference of the scores that the log of the longer one has."""
    job = Job(_PLAIN)
    told = job.told(*_shown(job))
    _, longer = _shown(Job(_PLAIN, list_size=4))
    scores = [each["mean"] + each["bonus"] for each in longer]
    assert told["runner_up"]["activity_id"] == longer[3]["activity_id"]
    assert told["runner_up"]["score"] == pytest.approx(scores[3], abs=1e-12)
    assert told["runner_up"]["margin"] == pytest.approx(scores[2] - scores[3], abs=1e-12)
    assert (told["kept_out"], told["not_known"]) == ([], {})


def test_what_an_event_did_is_the_difference_to_the_log_of_a_world_without_it() -> None:
    job = Job(_PLAIN, list_size=8)
    events = visits(np.random.default_rng(1), 6, CATEGORIES)
    shopper, decisions = _shown(job, events)
    told = job.told(shopper, decisions)
    with_all = {each["activity_id"]: each["mean"] + each["bonus"] for each in decisions}
    assert [each["event_id"] for each in told["events"]] == [each.event_id for each in reversed(events)]
    moved = 0
    for event in told["events"]:
        _, other = _shown(job, [each for each in events if each.event_id != event["event_id"]])
        wanted = {each["activity_id"]: with_all[each["activity_id"]] - each["mean"] - each["bonus"] for each in other}
        assert event["effects"] == pytest.approx(wanted, abs=1e-12)
        moved += sum(abs(each) > 1e-4 for each in wanted.values())
    assert moved > len(events)


def test_who_is_kept_out_is_told_with_what_keeps_him_and_what_it_costs() -> None:
    """Contract: a cap, a rule, a limit that is used up; by how much he would have stood above the last place."""
    best: tuple[dict[str, Any], ...] = {"cap": Cap(1, DAY_MS)}, {"rule": Rule(min_purchases=50)}, {"total_cap": 1}
    extra = [activity(name, **given) for name, given in zip(("capped", "ruled", "spent"), best, strict=True)]
    job = Job([*_PLAIN, *extra], {"spent": Standing(stopped=True)})
    shopper, first = _shown(job)
    assert first[0]["activity_id"] == "capped"
    shopper.hear(*visits(np.random.default_rng(7), 1, CATEGORIES, start=9))
    told = job.told(shopper, decisions := shopper.sees())
    assert {each["activity_id"]: each["by"] for each in told["kept_out"]} == {
        "capped": CAPPED, "ruled": NOT_FOR_HIM, "spent": USED_UP,
    }  # fmt: skip
    free = Job([*_PLAIN, activity("capped")])
    other = Shopper(free.ranker)
    other.hear(*visits(np.random.default_rng(1), 6, CATEGORIES), *visits(np.random.default_rng(7), 1, CATEGORIES, 9))
    (top,) = other.sees(0)
    last = decisions[-1]["mean"] + decisions[-1]["bonus"]
    ahead = next(each["ahead"] for each in told["kept_out"] if each["activity_id"] == "capped")
    assert (top["activity_id"], ahead > 0.1) == ("capped", True)
    assert ahead == pytest.approx(top["mean"] + top["bonus"] - last, abs=0.02), "its bonus knows of other eligible ones"


def test_who_a_list_rule_keeps_out_is_told() -> None:
    job = Job(_PLAIN, list_rules=(ListRule("category", (0, "ban")),))
    told = job.told(*_shown(job))
    assert {each["by"] for each in told["kept_out"]} == {"list.category"}
    of = {each.activity_id: each.categories for each in _PLAIN}
    on_list = {of[each["activity_id"]] for each in told["entries"]}
    assert {of[each["activity_id"]] for each in told["kept_out"]} <= on_list
    assert all(each["ahead"] > 0 for each in told["kept_out"])


def test_what_a_budget_takes_and_a_floor_adds_is_told() -> None:
    """Contract: a price is for each unit of cost that is expected to be spent; an offset is added as it is."""
    limited = activity("a7", categories=(CATEGORIES[3],), budget=100.0, cost=2.0)
    price, offset = round(0.05 / PRICE_UNIT), round(0.03 / PRICE_UNIT)
    job = Job([*_PLAIN[:7], limited], {"a7": Standing(price=price), "a6": Standing(offset=offset)})
    shopper, decisions = _shown(job)
    told = job.told(shopper, decisions)
    entries = {each["activity_id"]: each for each in told["entries"]}
    assert entries["a6"]["owed"] == pytest.approx(0.03, abs=1e-6)
    assert entries["a6"]["price"] == 0.0
    assert entries["a7"]["price"] == pytest.approx(0.05 * 2.0 * _RATES["a7"], abs=0.01)
    assert entries["a7"]["owed"] == 0.0
    score = {name: each["mean"] + each["bonus"] - each["price"] + each["owed"] for name, each in entries.items()}
    first, second = (each["activity_id"] for each in told["entries"][:2])
    assert told["entries"][0]["ahead"] == pytest.approx(score[first] - score[second], abs=1e-12)


def test_what_cannot_be_told_says_why() -> None:
    job = Job(_PLAIN)
    shopper, decisions = _shown(job)
    told = job.told(shopper, decisions, NOT_REMADE)
    assert (told["events"], told["runner_up"], told["kept_out"]) == (None, None, None)
    assert told["not_known"] == {"runner_up": NOT_REMADE, "events": NOT_REMADE}
    job.known["new"] = activity("new")
    job.ranker = make_ranker(list(job.known.values()), policy="linucb", list_size=3)
    told = job.told(shopper, decisions)
    assert "activities have changed since" in told["not_known"]["runner_up"]
    assert len(told["events"]) == 6
