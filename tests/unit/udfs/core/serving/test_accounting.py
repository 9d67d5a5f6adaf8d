"""Every record has one fate, by the versions of lists and the counters together."""

from __future__ import annotations

from tests.support.core_world import NOON_MS, make_ranker
from tests.support.oracle import Oracle, Recorded
from tests.support.traffic import Scenario, make_activities, make_events, messages


def test_every_record_has_one_fate() -> None:
    """Contract: accepted, rejected, duplicate, late or quarantined, and the five sums are all that was sent."""
    ranker = make_ranker()
    oracle = Oracle(ranker.settings, ranker.encoder)
    activities = make_activities(60, NOON_MS)
    oracle.set_activities(activities)
    start_ms = NOON_MS - 6 * 3_600_000
    sent = messages(make_events(Scenario(3, 100, 2_000, activities, ranker.settings.keys, start_ms)))
    for part in (sent[:900], sent[900:], sent[:50]):
        now = [Recorded(0, at, message.key, message.value, NOON_MS) for at, message in enumerate(part)]
        oracle.apply_by_user(now)
    fate = oracle.accounted()
    assert oracle.counts["join_matched"]
    assert sum(fate.values()) == len(sent) + 50, fate
    assert fate["accepted"] == len(sent), fate
