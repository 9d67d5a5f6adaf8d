"""Who wants no messages any more, by records; the feed on a real Kafka is in tests/integration."""

from __future__ import annotations

import json

import pytest

from tests.support.push_log import now_ms
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Unavailable
from tideline.schemas.events import Event, EventType
from tideline.schemas.topics import Topics
from tideline.scripts.sending.consent_feed import ConsentFeed, consent_of, unsubscribed

AT_MS = 1_700_000_000_001


class Gone:
    """A Kafka that does not answer."""

    def consumer(self, doing: str, needs: str) -> None:
        raise Unavailable("kafka", "gone")


def test_nobody_waits_for_a_feed_that_has_failed() -> None:
    """Contract: who asks is told why, before and after; so no message goes without consent as it is."""
    with ConsentFeed(Gone(), Topics(), None, 0) as feed:  # type: ignore[arg-type]
        for _ in range(2):
            with pytest.raises(Unavailable, match="gone"):
                feed.as_of_now()
    with pytest.raises(Unavailable):
        feed.as_of_now()


@pytest.mark.parametrize("as_json", [True, False])
def test_who_unsubscribed_is_read_from_both_forms_and_long_ids(*, as_json: bool) -> None:
    """Contract: to the end of its second, as the job's state has it."""
    for user in ("u", "u" * 200):
        value = encode_event(Event("e", user, EventType.UNSUBSCRIBE, AT_MS), as_json)
        assert unsubscribed(user.encode(), value, now_ms()) == (user, 1_700_000_001_000)


@pytest.mark.parametrize("as_json", [True, False])
def test_no_other_record_unsubscribes_anybody(*, as_json: bool) -> None:
    """Contract: other types, ids that look like it, another key, rubbish, nothing."""
    view = encode_event(Event("unsubscribe", "u", EventType.VIEW, AT_MS, category="unsubscribe"), as_json)
    left = encode_event(Event("e", "u", EventType.UNSUBSCRIBE, AT_MS), as_json)
    long = encode_event(Event("e" * 200, "u", EventType.VIEW, AT_MS), as_json)
    for key, value in ((b"u", view), (b"v", left), (b"u", long), (b"u", b"{unsubscribe"), (b"u", None), (None, left)):
        assert unsubscribed(key, value, now_ms()) is None


def test_a_profile_agrees_or_does_not_and_one_that_is_forgotten_does_not() -> None:
    """Contract: by the profile's own time, which is at most its record's."""
    told = {"user_id": "u", "ts_ms": AT_MS, "consent": {"push": True}}
    assert consent_of(b"u", json.dumps(told).encode(), AT_MS + 5) == ("u", AT_MS, True, ())
    assert consent_of(b"u", json.dumps(told | {"consent": {}}).encode(), AT_MS + 5) == ("u", AT_MS, False, ())
    assert consent_of(b"u", json.dumps(told).encode(), AT_MS - 5) == ("u", AT_MS - 5, True, ())
    assert consent_of(b"u", None, AT_MS) == ("u", AT_MS, False, ())
    assert consent_of(b"u", b"{", AT_MS) is None


def test_a_profile_says_by_which_channels_its_user_wants_no_messages() -> None:
    """Contract: by the groups of their names; other groups, kinds and activities say nothing of it."""
    told = {"user_id": "u", "ts_ms": AT_MS, "consent": {"push": True}}
    out = {"groups": ["channel:sms", "channel:fax", "wine", "channel:app"], "activities": ["channel:web"]}
    found = consent_of(b"u", json.dumps(told | {"opt_outs": out}).encode(), AT_MS)
    assert found == ("u", AT_MS, True, ("app", "sms"))
