"""The names the job counts under."""

from __future__ import annotations

from tests.support.core_world import KEYS, NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.renewal.renew import republish
from tideline.udfs.operators import metrics


def test_every_count_of_the_engine_is_a_declared_counter() -> None:
    """Contract: the operator raises counters by these names; an undeclared one would stop the job."""
    ranker = make_ranker([activity("a", items=("tea",))])
    token = token_for("u", ["a"])
    events = [Event(f"e{kind}", "u", kind, NOON_MS + kind, "tea", price=1.0) for kind in range(4)]
    events += [
        Event(f"f{kind}", "u", kind, NOON_MS + kind, activity_id="a", token=each, position=0)
        for kind in range(EventType.IMPRESSION, EventType.DISMISS + 1)
        for each in (token, None)
    ]
    events.append(events[0])
    records = Records([b"u"] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
    outcome = process(records, lambda users: [None], ranker)
    robot = [Event(f"r{n}", "r", EventType.VIEW, NOON_MS + n) for n in range(50)]
    robot.append(Event("bought", "r", EventType.PURCHASE, NOON_MS + 1_000, "tea"))
    burst = process(
        Records([b"r"] * 51, [encode_event(each) for each in robot], [2**50] * 51), lambda _: [None], ranker
    )
    assert {"quarantined", "quarantined_purchase"} <= set(burst.counts)
    counts = outcome.counts + burst.counts + republish(["u"], outcome.states, ranker).counts
    assert {"records", "duplicate", "join_without_token", "join_matched"} <= set(outcome.counts)
    assert set(counts) | set(outcome.counts) <= set(metrics.COUNTERS)
    erased = [erase_order("u", NOON_MS, KEYS, token), erase_order("u", NOON_MS, KEYS), events[0]]
    orders = Records([b"u"] * 3, [encode_event(each) for each in erased], [2**50] * 3)
    gone = process(orders, lambda users: [None for _ in users], ranker).counts
    assert {"erased", "erasures", "lists_taken_back", "events_erase"} <= set(gone)
    assert set(gone) <= set(metrics.COUNTERS)
    assert {f"join_{outcome}" for outcome in JoinOutcome} <= set(metrics.COUNTERS)
    assert {f"dead_letter_{reason}" for reason in Reason if not reason.counted_only} <= set(metrics.COUNTERS)
    assert {str(reason) for reason in Reason if reason.counted_only} <= set(metrics.COUNTERS)


def test_every_metric_has_a_meaning_and_a_prometheus_name() -> None:
    for name, meaning in (metrics.COUNTERS | metrics.GAUGES).items():
        assert name.isidentifier()
        assert name.islower()
        assert meaning[:1].isupper() or meaning[:1].isdigit()
        assert meaning.endswith(".")
