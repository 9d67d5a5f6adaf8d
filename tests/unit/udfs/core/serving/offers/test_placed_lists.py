"""Lists of placements beside the default ones of the same users."""

from __future__ import annotations

import json
import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, activity, make_ranker
from tests.support.engine_runs import records_of, views, visits
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.activity import Cap
from tideline.udfs.core.control.control import SetExperiment, VariantSpec
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.limits import HOLDOUT
from tideline.udfs.core.lists.decision_token import propensity, verify
from tideline.udfs.core.policies.by_name import POLICIES
from tideline.udfs.core.policies.policy_table import PAIRS, PolicyRow
from tideline.udfs.core.ranking.placements import read_placements
from tideline.udfs.core.serving import rank_arms as rank_arms_module
from tideline.udfs.core.serving.engine import process
from tideline.udfs.core.serving.renewal.renew import republish

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.udfs.core.lists.decision_token import Token
    from tideline.udfs.core.policies.base import Scores
    from tideline.udfs.core.serving.engine import Outcome
    from tideline.udfs.core.serving.ranker_state import RankerState

SHOP = [activity(f"b{at}", kind="banner") for at in range(3)] + [
    activity(f"c{at}", group="tea" if at < 4 else None, categories=(f"k{at % 3}",)) for at in range(9)
]
PLACEMENTS = read_placements(
    [
        {"name": "hero", "number": 7, "size": 2, "kinds": ["banner"]},
        {"name": "cart", "number": 1, "size": 3, "groups": ["tea"], "exploration": 0.2, "apart_from": ["default"]},
        {"name": "feed", "number": 63, "size": 5, "apart_from": ["hero", "cart"]},
        {"name": "empty", "number": 2, "size": 5, "kinds": ["push"]},
    ]
)
USERS = [f"u{at}" for at in range(300)]


def listed(ranker: RankerState) -> Outcome:
    return visits(USERS, ranker)


def items(payload: bytes) -> list[str]:
    found: list[str] = json.loads(payload)["i"]
    return found


def tokens(users: list[str], lists: list[bytes]) -> list[Token]:
    return [verify(json.loads(each)["k"], user, KEYS) for user, each in zip(users, lists, strict=True)]


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_without_placements_nothing_differs_and_with_them_no_default_list_does(policy: str) -> None:
    """Contract: bytes of lists and states, whatever ranks; each list beside them has the version and the size it was
    asked for."""
    plain, placed = (
        listed(make_ranker(SHOP, policy=policy, exploration_permille=200, placements=each)) for each in ((), PLACEMENTS)
    )
    assert (plain.lists, plain.states, plain.placed) == (placed.lists, placed.states, {})
    assert list(placed.placed) == ["hero", "cart", "feed", "empty"]
    assert placed.counts["lists_placed"] == 4 * len(USERS)
    assert placed.counts - Counter(lists_placed=4 * len(USERS)) == plain.counts
    for name, size in (("hero", 2), ("cart", 3), ("feed", 5)):
        lists = placed.placed[name]
        assert max(len(items(each)) for each in lists) == size
        assert [json.loads(each)["v"] for each in lists] == [json.loads(each)["v"] for each in placed.lists]


def test_a_list_has_what_its_placement_takes_and_nothing_of_the_lists_it_is_apart_from() -> None:
    """Contract: for each user; one that takes nothing that is there is empty, and its token is good."""
    found = listed(make_ranker(SHOP, exploration_permille=200, placements=PLACEMENTS))
    tea = {each.activity_id for each in SHOP if each.group == "tea"}
    for at, user in enumerate(USERS):
        own = items(found.lists[at])
        hero, cart, feed, empty = (items(found.placed[name][at]) for name in ("hero", "cart", "feed", "empty"))
        assert all(name[0] == "b" for name in hero)
        assert len(hero) == 2
        assert {*cart} <= tea - {*own}
        assert not {*feed} & {*hero, *cart}
        assert empty == []
        token = verify(json.loads(found.placed["empty"][at])["k"], user, KEYS)
        assert (token.placement, token.eligible) == (2, 0)


def test_a_token_names_its_placement_and_its_share_of_exploration() -> None:
    """Contract: a number in the token, and the exploration of the placement, which the chances are made of."""
    found = listed(make_ranker(SHOP, exploration_permille=100, placements=PLACEMENTS))
    for name, number, share in (("hero", 7, 0.1), ("cart", 1, 0.2), ("feed", 63, 0.1)):
        assert {(each.placement, each.exploration) for each in tokens(USERS, found.placed[name])} == {(number, share)}


def test_chances_that_tokens_state_are_those_of_the_draws_of_each_placement() -> None:
    """Contract: weights of a uniform policy against the stated chances are 1 in the mean, within 4 standard errors."""
    ranker = make_ranker(SHOP, exploration_permille=200, placements=PLACEMENTS)
    weights: dict[str, list[float]] = {"hero": [], "cart": [], "feed": []}
    for start in range(0, 6000, 300):
        users = [f"w{start + at}" for at in range(300)]
        found = visits(users, ranker)
        for name, of in weights.items():
            for token in tokens(users, found.placed[name]):
                places = range(min(token.eligible, 2))
                of.append(math.prod(1.0 / (token.eligible - at) / propensity(token, at) for at in places))
    for name, of in weights.items():
        assert np.std(of) > 0.5, name
        assert abs(np.mean(of) - 1.0) < 4.0 * np.std(of) / len(of) ** 0.5, name


def test_draws_of_two_placements_do_not_hang_together() -> None:
    """Contract: who explores in one does not do so in the other more often than by chance."""
    two = [{"name": name, "number": at, "size": 1, "exploration": 0.2} for at, name in enumerate("ab", 1)]
    found = listed(make_ranker(SHOP, placements=read_placements(two)))
    one, other = ([token.explored & 1 for token in tokens(USERS, lists)] for lists in found.placed.values())
    both = sum(a & b for a, b in zip(one, other, strict=True))
    assert min(sum(one), sum(other)) > 30
    assert both < 0.5 * min(sum(one), sum(other))


def test_holdout_and_arms_are_the_users_own_in_every_placement() -> None:
    """Contract: one user is in one arm; the holdout's lists are random in placements too."""
    ranker = make_ranker(SHOP, placements=PLACEMENTS, holdout_permille=300)
    ranker = ranker.after(SetExperiment("e", (VariantSpec("popular", "popular", 500),), None), NOON_MS)
    found = listed(ranker)
    arms = [token.arm for token in tokens(USERS, found.lists)]
    assert {*arms} == {0, 1, HOLDOUT}
    for lists in found.placed.values():
        assert [token.arm for token in tokens(USERS, lists)] == arms
    held = [items(found.placed["feed"][at])[0] for at, arm in enumerate(arms) if arm == HOLDOUT]
    assert len({*held}) > 5


def test_weights_of_its_own_rank_a_placement() -> None:
    """Contract: for the same users the default list goes by clicks, the placement by conversions; a command that
    changes the deployment's weights leaves the placement's alone."""
    by_conversions: list[dict[str, Any]] = [{"name": "shop", "number": 1, "size": 1, "weights": {"conversion": 1}}]
    ranker = make_ranker([activity("a"), activity("b")], alpha=0.0, placements=read_placements(by_conversions))
    for offset, (name, rewards) in enumerate({"a": (9, 0), "b": (0, 9)}.items()):
        theta = np.zeros((3, 16), np.int64)
        theta[:2, 0] = np.array(rewards) * 2**24
        row = PolicyRow(offset, 3, 10.0, 90.0, (9.0, 9.0, 0.0), theta, np.zeros(PAIRS, np.int64))
        ranker = ranker.with_row(name, row)
    found = listed(ranker)
    assert {(items(one)[0], items(other)[0]) for one, other in zip(found.lists, found.placed["shop"], strict=True)} == {
        ("a", "b")
    }


@pytest.mark.parametrize("count", [20])
def test_twenty_placements_are_all_apart_where_they_are_asked_to(count: int) -> None:
    """Contract: as many as are allowed, each apart from all before: when all is shown the rest are empty."""
    given = [
        {"name": f"p{at}", "number": at, "size": 2, "apart_from": ["default", *(f"p{one}" for one in range(1, at))]}
        for at in range(1, count + 1)
    ]
    found = listed(make_ranker(SHOP, placements=read_placements(given)))
    for at in range(len(USERS)):
        shown = items(found.lists[at]) + [name for lists in found.placed.values() for name in items(lists[at])]
        assert sorted(shown) == sorted(each.activity_id for each in SHOP)


def test_pages_of_all_lists_break_no_cap_and_bring_back_nothing_that_was_dismissed() -> None:
    """Contract: though every entry of every list is shown at once: caps count over all placements, and a dismissal in
    one of them holds in all."""
    shop = [activity(f"a{at}", cap=Cap(1 + at % 3, DAY_MS)) for at in range(6)] + [
        activity(f"b{at}") for at in range(6)
    ]
    given = [{"name": f"p{at}", "number": at, "size": 3} for at in (1, 2, 3)]
    ranker = make_ranker(shop, list_size=3, exploration_permille=200, placements=read_placements(given))
    state: dict[str, bytes] = {}
    shown, dismissed = Counter[str](), ""
    told = [views("u", 1)[0]]
    for page in range(25):
        found = process(records_of(told), lambda users: [state.get(user) for user in users], ranker)
        assert found.dead == []
        state.update(zip(found.users, found.states, strict=True))
        told = []
        for payload in (found.lists[0], *(lists[0] for lists in found.placed.values())):
            document = json.loads(payload)
            assert dismissed not in document["i"]
            for position, name in enumerate(document["i"]):
                shown[name] += 1
                about = {"activity_id": name, "token": document["k"], "position": position}
                at_ms = NOON_MS + 1_000 * page
                told.append(Event(f"{len(told)}.{page}", "u", EventType.IMPRESSION, at_ms, **about))
        if page == 10:
            dismissed = told[-1].activity_id or ""
            told.append(told[-1]._replace(event_id="away", type=EventType.DISMISS))
    for at in range(6):
        assert shown[f"a{at}"] <= 1 + at % 3
    assert sum(shown[f"a{at}"] for at in range(6)) > 6


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_lists_that_share_their_scores_are_those_of_a_pass_of_their_own(
    policy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: of every policy; so a batch with too many scores to keep leads to the same lists."""
    ranker = make_ranker(SHOP, policy=policy, exploration_permille=200, placements=PLACEMENTS, holdout_permille=200)
    together = listed(ranker).placed
    monkeypatch.setattr(rank_arms_module, "_KEPT_AT_MOST", 0)
    assert listed(ranker).placed == together
    calls: list[int] = []
    monkeypatch.setattr(rank_arms_module, "_KEPT_AT_MOST", 1 << 22)
    monkeypatch.setattr(POLICIES[policy], "score", counted(POLICIES[policy].score, calls))
    assert listed(ranker).placed == together
    own = POLICIES[policy].randomised or POLICIES[policy].reads_eligible
    assert len(calls) == (10 if own else 2), "two arms, five lists each"


def counted(score: Callable[..., Scores], calls: list[int]) -> Callable[..., Scores]:
    def counting(*arguments: Any) -> Scores:
        calls.append(1)
        return score(*arguments)

    return counting


def test_an_erased_user_has_the_list_of_one_in_every_placement() -> None:
    """Contract: in the batch of the order, among others, and whenever all lists are written again; an event of a
    placement's list of before teaches nothing any more."""
    ranker = make_ranker(SHOP, placements=PLACEMENTS)
    state: dict[str, bytes] = {}

    def told(*events: Event) -> Outcome:
        found = process(records_of([*events]), lambda users: [state.get(user) for user in users], ranker)
        state.update(zip(found.users, found.states, strict=True))
        return found

    before = json.loads(told(views("u", 1)[0]).placed["feed"][0])
    at_ms = NOON_MS + 60_000
    for found in (
        told(erase_order("u", at_ms, KEYS), views("v", 1)[0]),
        republish(["u", "v"], [state["u"], state["v"]], ranker),
    ):
        for lists in (found.lists, *found.placed.values()):
            of_user = dict(zip(found.listed, map(json.loads, lists), strict=True))
            assert (of_user["u"]["x"], of_user["u"]["i"]) == (at_ms, [])
            assert "x" not in of_user["v"]
    about = {"activity_id": before["i"][0], "token": before["k"], "position": 0}
    assert told(Event("late", "u", EventType.CLICK, at_ms + 1, **about)).feedback == []
