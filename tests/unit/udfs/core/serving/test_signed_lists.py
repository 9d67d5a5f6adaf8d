"""The last step of a list's way."""

from __future__ import annotations

import json

import numpy as np

from tests.support.core_world import KEYS, NOON_MS, activity, make_ranker
from tideline.udfs.core.budgets.standing import Standing
from tideline.udfs.core.catalogue.competing import Variant, variant_mark
from tideline.udfs.core.context import DIM
from tideline.udfs.core.control.control import SetExperiment, VariantSpec
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.core.lists.ranked_lists import ListHeads
from tideline.udfs.core.ranking.ranking import Ranked
from tideline.udfs.core.serving.signed_lists import signed_lists

ONE, NONE = np.ones(1, np.int64), np.zeros(1, np.int64)


def test_a_list_is_signed_for_its_user_and_the_popular_one_for_everybody() -> None:
    """Contract: the popular list is in no experiment, explores nothing, and its token fits any user."""
    trial = SetExperiment("e", (VariantSpec("calm", "linucb:alpha=0", 300),), None)
    ranker = make_ranker([activity("a"), activity("b")], exploration_permille=50).after(trial, NOON_MS)
    x, unruled = np.zeros((1, DIM), np.int8), np.zeros((1, 0), np.int64)
    ranked = Ranked(np.array([[1, 0]]), np.array([2]), NONE, unruled, NONE)
    heads = ListHeads(["u"], np.array([NOON_MS]), ONE, ONE)
    pairs = np.array([[11, 12]], np.uint32)
    own = json.loads(signed_lists(ranker, heads, x, pairs, ranked)[0])
    everybody = heads._replace(users=[""], arms=NONE, popular=True)
    popular = json.loads(signed_lists(ranker, everybody, x, pairs, ranked)[0])
    assert own["i"] == popular["i"] == ["b", "a"]
    mine, everybodys = verify(own["k"], "u", KEYS), verify(popular["k"], "anybody", KEYS)
    assert ranker.experiment is not None
    assert (mine.arm, mine.experiment, mine.exploration) == (1, ranker.experiment.mark, 0.05)
    assert (everybodys.arm, everybodys.experiment, everybodys.exploration) == (0, 0, 0.0)
    assert [token.pair_at(position) for token in (mine, everybodys) for position in (0, 1)] == [12, 11, 12, 11]
    assert mine.version == (1, NOON_MS, 1) == tuple(own["v"])


def test_token_and_list_name_the_same_variant_and_the_popular_list_none() -> None:
    """Contract: what is shown is what comes back, with its share; a user sees it again on his next list."""
    ranker = make_ranker([activity("a", variants=(Variant("red"), Variant("blue"))), activity("b")])
    x, unruled = np.zeros((2, DIM), np.int8), np.zeros((2, 0), np.int64)
    ranked = Ranked(np.array([[1, 0], [0, 1]]), np.array([2, 2]), np.zeros(2, np.int64), unruled, np.zeros(2, np.int64))
    heads = ListHeads(["u", "u"], np.array([NOON_MS, NOON_MS + 9]), np.array([1, 2]), np.zeros(2, np.int64))
    pairs = np.zeros((2, 2), np.uint32)

    first, second = (json.loads(each) for each in signed_lists(ranker, heads, x, pairs, ranked))

    (name,) = {first["p"][1], second["p"][0]}
    assert (first["p"], second["p"]) == ([None, name], [name, None])
    token = verify(first["k"], "u", KEYS)
    assert [token.variant_at(position) for position in (0, 1)] == [(0, 0), (variant_mark("a", name), 128)]
    popular = json.loads(signed_lists(ranker, heads._replace(popular=True), x, pairs, ranked)[0])
    assert "p" not in popular


def test_lists_go_by_the_shares_that_were_published() -> None:
    """Contract: from the record on; a token of before keeps the share of before."""
    varied = activity("a", variants=(Variant("red"), Variant("blue")), split="earn")
    ranker = make_ranker([varied])
    told = (variant_mark("a", "red"), 26, variant_mark("a", "blue"), 230)
    after = ranker.with_standing("a", Standing(shares=told, version=5))
    users = [f"u{number}" for number in range(200)]
    x, none = np.zeros((200, DIM), np.int8), np.zeros(200, np.int64)
    ranked = Ranked(np.zeros((200, 1), np.int64), none + 1, none, np.zeros((200, 0), np.int64), none)
    heads = ListHeads(users, none + NOON_MS, none + 1, none)

    lists = [signed_lists(each, heads, x, np.zeros((200, 1), np.uint32), ranked) for each in (ranker, after)]

    before, now = ([json.loads(payload) for payload in each] for each in lists)
    assert sum(each["p"] == ["blue"] for each in before) < 130
    assert sum(each["p"] == ["blue"] for each in now) > 160
    shares = [{verify(each["k"], user, KEYS).variant_at(0)[1] for user, each in zip(users, some, strict=True)}
              for some in (before, now)]  # fmt: skip
    assert shares == [{128}, {26, 230}]
