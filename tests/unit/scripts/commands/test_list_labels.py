"""Contract: of a profile names are told, never what it says."""

from __future__ import annotations

from tideline.scripts.commands.list_labels import labels_met, profile_in_words, profile_of, told_of_profile
from tideline.udfs.core.catalogue.activity import Activity, Rule
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile

NOW_MS = 1_795_353_372_396


def _records(*profiles: Profile | None) -> list[TopicRecord]:
    return [
        TopicRecord(at, b"u", None, NOW_MS + 99)
        if each is None
        else TopicRecord(at, each.user_id.encode(), encode_profile(each), NOW_MS + 99)
        for at, each in enumerate(profiles)
    ]


def test_the_profile_of_a_user_is_his_newest_and_none_where_it_was_forgotten() -> None:
    records = _records(Profile("u", NOW_MS, {"tier": "gold"}), Profile("v", NOW_MS + 5), Profile("u", NOW_MS - 1))
    found = profile_of("u", records)
    assert found is not None
    assert found.ts_ms == NOW_MS
    assert profile_of("u", [*records, *_records(None)]) is None
    assert profile_of("w", records) is None


def test_a_label_is_met_where_it_is_as_the_rule_wants_it() -> None:
    """Contract: in a clause of several too; one that the rule asks for and he does not meet is not named."""
    form = '[{"any": [{"label.tier": {"in": ["gold"]}}, {"label.segment": {"in": ["a"]}}]}, {"events": {">": 0}}]'
    activity = Activity("a", "coupon", "a", 0, 1, rule=Rule(all=form))
    (found,) = (profile_of("u", _records(Profile("u", NOW_MS, {"tier": "gold", "segment": "b"}))),)
    assert found is not None
    assert labels_met(activity, found) == ["tier"]
    assert labels_met(Activity("a", "coupon", "a", 0, 1), found) == []


def test_consent_is_told_where_something_is_withheld() -> None:
    found = profile_of("u", _records(Profile("u", NOW_MS, consent=Consent(personalise=False, learn=False))))
    assert found is not None
    assert profile_in_words(told_of_profile(found)) == (
        "profile: no labels; clocks of the activities; not personal: ranked as a stranger; not learned from"
    )
