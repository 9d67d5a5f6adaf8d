"""Labels, clocks and opt-outs of users; who meets which rule is judged in test_rules.py."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import NOON_MS, activity
from tests.support.plain_rules import PlainUser, batch_of
from tideline.udfs.core.catalogue.catalogue import Catalogue, eligible
from tideline.udfs.core.catalogue.eligibility.by_profile import Labels, apply_opt_outs, own_zones, told_of
from tideline.udfs.core.catalogue.eligibility.rule_form import Labelled
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import OptOuts, Profile


def test_only_who_has_a_profile_is_told_of_by_his_place() -> None:
    """Contract: places are those among the given rows."""
    gold = Profile("u", 5, {"tier": "gold"}, "Asia/Tokyo")
    profiles = [b"", keep(gold), b"", keep(Profile("v", 6))]
    told = told_of(profiles, np.array([3, 2, 1]))
    assert [(place, profile.ts_ms) for place, profile in told] == [(0, 6), (2, 5)]
    assert {zone: places.tolist() for zone, places in own_zones(told).items()} == {"Asia/Tokyo": [2]}
    assert not told_of([b"", b""], np.arange(2))


def test_a_label_is_met_by_its_own_name_and_value_alone() -> None:
    told = told_of([keep(Profile("u", 5, {"tier": "gold"})), keep(Profile("v", 5, {"segment": "gold"}))], np.arange(2))
    labels = Labels.of([Labelled("tier", ("gold", "tin")), Labelled("tier", ("tin",)), Labelled("segment", ("gold",))])
    assert labels.answers(told, 3).tolist() == [[True, False, False], [False] * 3, [False, True, False]]
    assert labels.answers((), 1).tolist() == [[False]] * 3
    assert Labels.of([]).answers(told, 2).shape == (0, 2)


def test_what_a_user_opted_out_of_is_nowhere_and_others_keep_it() -> None:
    """Contract: by id, group and kind; a kind and a group of one name are two things."""
    catalogue = Catalogue.of(
        [activity("a"), activity("b", group="wine"), activity("c", kind="push"), activity("d", group="push")]
    )
    profiles = [OptOuts(), OptOuts(("a", "x")), OptOuts(groups=("wine",)), OptOuts(kinds=("push",))]
    told = told_of([keep(Profile("u", 1, opt_outs=each)) for each in profiles], np.arange(4))
    mask = np.ones((4, 4), np.bool_)
    apply_opt_outs(catalogue.opt_outs, told, mask)
    assert ["".join(name for name, may in zip("abcd", row, strict=True) if may) for row in mask.tolist()] == [
        "abcd",
        "bcd",
        "acd",
        "abd",
    ]


def test_hours_are_those_of_the_clocks_he_lives_by() -> None:
    """Contract: NOON_MS is Tuesday 22:13 UTC, Wednesday 07:13 in Tokyo; lists end when his clocks say so."""
    minute = NOON_MS // 60_000
    catalogue = Catalogue.of(
        [
            activity("evening", hours=(("tue", "22:00", "23:00"),), time_zone="UTC"),
            activity("morning", hours=(("wed", "07:00", "09:00"),), time_zone="UTC"),
            activity("always"),
        ]
    )
    users = [PlainUser("u", NOON_MS), PlainUser("t", NOON_MS, zone="Asia/Tokyo"), PlainUser("w", NOON_MS)]
    batch, hashes = batch_of(users)
    may = eligible(catalogue, batch, np.arange(3), hashes)
    names = [each.activity_id for each in catalogue.activities]
    shown = [{name for name, may_see in zip(names, row, strict=True) if may_see} for row in may.mask.tolist()]
    assert shown == [{"always", "evening"}, {"always", "morning"}, {"always", "evening"}]
    assert may.until is not None
    assert may.until[:2, names.index("evening")].tolist() == [minute + 47, 0]
    assert may.until[1, names.index("morning")] == minute + 107
