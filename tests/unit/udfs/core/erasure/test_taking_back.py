"""What a user's lists taught, taken back exactly."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
from tests.support.told import CLICK, CONVERSION, DISMISS, IMPRESSION, NAMES, PURCHASE, SETTINGS, apply, event
from tideline.schemas.events import Event
from tideline.udfs.core.erasure.taking_back import take_back_list, take_back_worth
from tideline.udfs.core.learning.learner import Learner, LearnerSettings
from tideline.udfs.core.learning.learning import Decay
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import AttributionSettings, Cascade
from tideline.udfs.core.rewards.feedback import TAKEN_BACK, Feedback, decode_feedback, encode_feedback

TAGS = ActivityTags.of(NAMES, KEYS)
KEEPING = SETTINGS._replace(window_ms=30 * DAY_MS)
"""No entry is forgotten because its window is over."""
PLACES = KEEPING._replace(examination_discount=(0, 30, 60, *(90,) * 13))
BELOW_CLICKS = KEEPING._replace(cascade=Cascade(70, TAGS))
_KINDS = (IMPRESSION, CLICK, CONVERSION, DISMISS)
_MADE = [NOON_MS - 40_000_000 * at for at in range(4)]

told = st.lists(
    st.tuples(
        st.sampled_from(_KINDS),
        st.sampled_from(NAMES),
        st.integers(0, 3),
        st.integers(0, 3600),
        st.none() | st.integers(-50, 50),
    ),
    max_size=40,
)


def lists_of(user: str) -> list[str]:
    return [token_for(user, NAMES, made, seq=7 + at, unlearned=None) for at, made in enumerate(_MADE)]


def story(user: str, rows: list[tuple[Any, ...]]) -> list[Event]:
    """What a user did with his lists, and what he bought."""
    tokens = lists_of(user)
    events = []
    for number, (kind, name, which, after_s, value) in enumerate(rows):
        done = event(kind, name, _MADE[which] + 1000 * after_s, tokens[which])
        worth = float(value) if value is not None and kind == CONVERSION else None
        events.append(done._replace(event_id=f"e{number}", user_id=user, value=worth))
        if number % 5 == 4:
            events.append(PURCHASE._replace(event_id=f"p{number}", user_id=user, ts_ms=_MADE[which] + 3_700_000))
    return events


def told_of(events: list[Event], how: AttributionSettings) -> tuple[bytes, list[Feedback]]:
    """Return what is remembered of a user and what the learner was told, some events at a time."""
    shown = b""
    feedback: list[Feedback] = []
    for at in range(0, len(events), 3):
        found = attribute(shown, list(enumerate(events[at : at + 3])), how)
        shown, feedback = found.shown, feedback + found.feedback
    return shown, feedback


def all_taken_back(user: str, shown: bytes, how: AttributionSettings) -> list[Feedback]:
    feedback: list[Feedback] = []
    for token in lists_of(user):
        shown, more = take_back_list(shown, read_unverified(token), TAGS, how)
        feedback += more
    return feedback + take_back_worth(shown, how.names)


def learned(batches: list[list[Feedback]]) -> dict[str, bytes]:
    """Return what the learner keeps after these batches of feedback, arm by arm."""
    learner = Learner(LearnerSettings(decay=Decay(86_400_000), window_ms=30 * 86_400_000))
    kept: dict[str, bytes] = {}
    for batch in batches:
        if batch:
            found = learner.learn(*decode_feedback(encode_feedback(batch)))
            assert not found.refused
            kept.update(found.kept)
            for text in found.removed:
                kept.pop(text, None)
    assert kept.keys() == {arm.text for arm in learner.sums}
    return kept


@pytest.mark.parametrize("how", [KEEPING, PLACES, BELOW_CLICKS], ids=["whole", "places", "below clicks"])
@given(his=told, hers=told, together=st.booleans())
@settings(max_examples=40, deadline=None)
def test_sums_are_byte_for_byte_those_of_a_run_without_him(
    how: AttributionSettings, his: list[Any], hers: list[Any], together: bool
) -> None:
    """Contract: for any histories, whatever others did meanwhile, in whatever batches the learner is told."""
    his_shown, his_feedback = told_of(story("u", his), how)
    _, her_feedback = told_of(story("w", hers), how)
    back = all_taken_back("u", his_shown, how)

    batches = [his_feedback + her_feedback + back] if together else [his_feedback, her_feedback, back]
    assert learned(batches) == learned([her_feedback])


def test_a_list_is_taken_back_once_and_teaches_nothing_from_then_on() -> None:
    """Contract: told twice the order changes nothing; what still comes of the list counts for budgets alone."""
    token = lists_of("u")[0]
    outcome, _ = apply([event(IMPRESSION, "a", token=token), event(CLICK, "b", token=token)])
    shown, back = take_back_list(outcome.shown, read_unverified(token), TAGS, SETTINGS)
    assert {each.unlearned for each in back} == {TAKEN_BACK}
    assert take_back_list(shown, read_unverified(token), TAGS, SETTINGS) == (shown, [])
    assert take_back_worth(shown, SETTINGS.names) == []
    _, more = apply([event(CLICK, "c", token=token), event(CONVERSION, "b", token=token, value=9.0)], shown=shown)
    assert more
    assert {each.unlearned for each in more} == {1}


def test_without_the_token_what_conversions_were_worth_is_taken_back() -> None:
    """Contract: in the context of their list; impressions and clicks need the pair that the token alone has."""
    outcome, feedback = apply([event(CLICK, "a"), event(CONVERSION, "a", value=7.0), event(CONVERSION, "b")])
    back = take_back_worth(outcome.shown, SETTINGS.names)
    sums = Counter({"conversions": 0, "revenue": 0})
    for each in [*feedback, *back]:
        sums.update(conversions=each.conversions, revenue=each.revenue_milli)
    assert sums == {"conversions": 0, "revenue": 0}
    assert all(each.impressions == each.clicks == 0 for each in back)
    assert {each.x for each in back} == {read_unverified(lists_of("u")[0]).x}


def test_what_is_not_known_is_left() -> None:
    """Contract: a list that is not kept, one of nobody, an activity that is gone."""
    token = read_unverified(lists_of("u")[0])
    assert take_back_list(b"", token, TAGS, SETTINGS) == (b"", [])
    assert take_back_worth(b"", SETTINGS.names) == []
    outcome, _ = apply([event(CLICK, "a"), event(IMPRESSION, "b"), event(CONVERSION, "a")])
    own = read_unverified(event(CLICK).token or "")
    _, back = take_back_list(outcome.shown, own, ActivityTags.of(["b"], KEYS), SETTINGS)
    assert [each.activity_id for each in back] == ["b"]
    assert take_back_worth(outcome.shown, {}) == []


def test_an_entry_whose_reward_was_forgotten_is_left_whole() -> None:
    """Contract: an impression is not taken back without its click, which is not known any more."""
    tokens = [token_for("u", NAMES, NOON_MS + at, seq=at) for at in range(12)]
    days_later = event(IMPRESSION, "a", NOON_MS + 9 * DAY_MS, token_for("u", NAMES, NOON_MS + 9 * DAY_MS))
    outcome, _ = apply([event(CLICK, "b", NOON_MS + at, token) for at, token in enumerate(tokens)], [days_later])
    back = [take_back_list(outcome.shown, read_unverified(token), TAGS, SETTINGS)[1] for token in tokens]
    assert [[(each.impressions, each.clicks) for each in rows] for rows in back] == [[]] * 4 + [[(-1, -1)]] * 8


def test_budgets_stay_spent() -> None:
    """Contract: what is taken back is in no ledger and in no monitor."""
    _, feedback = apply([event(IMPRESSION, "a"), event(CLICK, "a")])
    learner = Learner(LearnerSettings())
    learner.learn(*decode_feedback(encode_feedback(feedback)))
    back = [
        each._replace(impressions=-each.impressions, clicks=-each.clicks, unlearned=TAKEN_BACK) for each in feedback
    ]
    found = learner.learn(*decode_feedback(encode_feedback(back)))
    assert (found.clicks.seen, found.clicks.predicted) == (0.0, 0.0)
    assert not +learner.impressions()
