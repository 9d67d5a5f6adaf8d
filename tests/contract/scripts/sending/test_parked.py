"""Senders whose records wait for their turn: campaigns beside each other, kills, stops, a Redis that forgets."""

from __future__ import annotations

import threading
import time
from collections import Counter
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.support.push_log import now_ms, push_record
from tests.support.push_process import PARTITION, Committed, Heard, Untold
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.scripts.sending.claims import Claims
from tideline.scripts.sending.courier import Courier, Pace
from tideline.scripts.sending.delivery import Delivery, Fate
from tideline.scripts.sending.parked import Parked, Rates
from tideline.udfs.core.push.push_record import PushRecord, encode_push

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.list_stores import Real

SLOW = 0.001


class Quick:
    """Takes every message at once."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float]] = []

    def send(self, record: PushRecord) -> str:
        self.sent.append((record.push_id, time.monotonic()))
        return "ok"


class World:
    """A sender with a topic of its own; what others have in Redis is the same."""

    def __init__(self, real: Real, records: list[PushRecord], rates: Rates, pace: Pace | None = None) -> None:
        self.consumer, self.carrier = Committed([encode_push(each) for each in records]), Quick()
        self.claims = Claims(real.client, real.url, real.prefix)
        self.delivery, parked = Delivery(self.claims, Heard(), self.carrier), Parked(self.claims, rates)
        told = lambda line, level: None  # noqa: E731 - a name for one argument
        pace = pace or Pace()
        self.courier = Courier(self.consumer, self.delivery, parked, Untold(), told, pace)  # type: ignore[arg-type]

    def has_sent(self, count: int) -> bool:
        return len(self.carrier.sent) >= count

    def add(self, *records: PushRecord) -> None:
        self.consumer.values += [encode_push(each) for each in records]

    @contextmanager
    def running(self) -> Iterator[None]:
        """Run beside what the test does, and end."""
        thread = threading.Thread(target=self.courier.run, args=(lambda: False,))
        thread.start()
        try:
            yield
        finally:
            self.delivery.end()
            thread.join(PATIENCE_S)

    def to_end(self) -> None:
        self.courier.run(self.courier.is_at_end)


def of(activity: str, count: int) -> list[PushRecord]:
    return [push_record(f"{activity}{number}", activity_id=activity) for number in range(count)]


def test_an_id_that_is_claimed_takes_no_place(real: Real) -> None:
    """Contract: forty repeats at two a second are passed over at once, and the one that is new goes at once."""
    records, new = of("tea", 40), push_record("new")
    claims = Claims(real.client, real.url, real.prefix)
    assert all(claims.claim(each.push_id) for each in records)
    world, began_s = World(real, [*records, new], Rates(2.0, 2.0)), time.monotonic()
    world.to_end()
    assert time.monotonic() - began_s < 5.0
    assert world.courier.counts == {"claimed": 40, "sent": 1}


def test_a_campaign_that_waits_holds_up_no_other(real: Real) -> None:
    """Contract: sixteen of one campaign wait; another's message goes, also one that is written later."""
    slow = of("tea", 16)
    world = World(real, [*slow, *of("coffee", 1)], Rates(10_000, SLOW))
    with world.running():
        wait_until("the first of both", lambda: len(world.carrier.sent) == 2)
        late = push_record("late", activity_id="milk")
        world.add(late)
        added_s = time.monotonic()
        wait_until("the late one", lambda: len(world.carrier.sent) == 3)
    assert world.carrier.sent[-1][0] == late.push_id
    assert world.carrier.sent[-1][1] - added_s < 2.0
    assert world.courier.counts == {"sent": 3}


def test_kafka_is_asked_all_the_time_however_long_records_wait(real: Real) -> None:
    """Contract: no pause of two seconds between polls, no more held than is allowed, committed up to what is done."""
    world = World(real, of("tea", 50), Rates(10_000, SLOW), Pace(together=10))
    with world.running():
        wait_until("it is full", lambda: world.consumer.is_paused)
        polled = len(world.consumer.polled_s)
        wait_until("it goes on asking", lambda: len(world.consumer.polled_s) > polled + 20)
        assert world.consumer.at <= 12
    times = world.consumer.polled_s
    assert max(after - before for before, after in pairwise(times)) < 2.0
    assert world.consumer.committed == len(world.carrier.sent) == 1


def test_who_ends_while_records_wait_has_claimed_none_of_them(real: Real) -> None:
    """Contract: he who comes next sends them all, at a rate of his own, and none twice."""
    records = of("tea", 10)
    first = World(real, records, Rates(10_000, SLOW))
    with first.running():
        wait_until("one went", lambda: len(first.carrier.sent) == 1)
    claims = dict(first.claims.every())
    assert list(claims) == [records[0].push_id]
    second = World(real, records, Rates(10_000, 20.0))
    second.to_end()
    times = Counter(push_id for push_id, _ in first.carrier.sent + second.carrier.sent)
    assert times == dict.fromkeys((each.push_id for each in records), 1)


def test_a_slow_sender_by_mistake_holds_the_others_up_for_a_step_of_theirs(real: Real) -> None:
    """Contract: a sender at one in 1,000 s beside one at fifty a second, of which nobody deletes a key."""
    wrong = World(real, [push_record(f"w{number}") for number in range(8)], Rates(SLOW))
    right, began_s = World(real, of("tea", 40), Rates(50.0)), time.monotonic()
    with wrong.running():
        wait_until("it has its place", lambda: len(wrong.carrier.sent) == 1)
        right.to_end()
    assert right.courier.counts == {"sent": 40}
    assert time.monotonic() - began_s < 10.0


def test_what_expires_while_it_waits_is_told_and_what_is_behind_it_goes_on(real: Real) -> None:
    """Contract: it takes no place: the next of the campaign is not later for it."""
    soon = [each._replace(expires_ms=now_ms() + 1_500) for each in of("tea", 20)]
    world = World(real, [*soon, *of("coffee", 2)], Rates(10_000, SLOW))
    with world.running():
        wait_until("all are told", lambda: world.courier.counts["expired"] == 19)
    assert world.courier.counts == {"expired": 19, "sent": 2}
    assert world.consumer.committed == 21


def test_a_stop_passes_over_what_is_parked_for_good(real: Real) -> None:
    """Contract: within two seconds, only of that campaign, and a start brings none of them back."""
    records = of("tea", 30)
    world = World(real, [*records, *of("coffee", 5)], Rates(10_000, SLOW))
    with world.running():
        wait_until("the first of both", lambda: len(world.carrier.sent) == 2)
        world.claims.stop("tea", "ann", 1)
        stopped_s = time.monotonic()
        wait_until("they are passed over", lambda: world.courier.counts["stopped"] == 29)
        assert time.monotonic() - stopped_s < 2.0
        world.claims.start("tea")
    again = World(real, records, Rates(10_000))
    again.to_end()
    assert again.courier.counts == {"claimed": 30}
    assert world.courier.counts == {"stopped": 29, "sent": 2}


def test_a_redis_that_forgets_its_keys_while_records_wait_lets_none_go_twice(real: Real) -> None:
    """Contract: of one sender each record goes once whatever is forgotten; the rate goes on from there."""
    world = World(real, of("tea", 60), Rates(20.0, 20.0))
    with world.running():
        for count in (5, 15, 25):
            wait_until("some went", partial(world.has_sent, count))
            forgotten: list[bytes] = list(real.client.scan_iter(f"{real.prefix}:*"))
            real.client.delete(*forgotten)
        wait_until("all went", lambda: len(world.carrier.sent) >= 60)
    assert max(Counter(push_id for push_id, _ in world.carrier.sent).values()) == 1
    times = [at_s for _, at_s in world.carrier.sent]
    assert times[-1] - times[0] > 59 / 20.0 - 3 * (0.05 + 0.02) - 0.5


def test_a_partition_that_is_taken_away_leaves_nothing_that_waits(real: Real) -> None:
    """Contract: what waited is the next one's; given anew, it is read from where was committed, and none goes twice."""
    world = World(real, of("tea", 6), Rates(10_000, 4.0))
    with world.running():
        wait_until("one went", lambda: len(world.carrier.sent) == 1)
        world.consumer.assigned = set()
        wait_until("nothing waits", lambda: world.courier.behind() == 0)
        went = len(world.carrier.sent)
        world.consumer.at = world.consumer.committed
        world.consumer.assigned = {PARTITION}
        wait_until("all went", lambda: len(world.carrier.sent) == 6)
    assert went < 6
    assert max(Counter(push_id for push_id, _ in world.carrier.sent).values()) == 1
    assert world.consumer.committed == 6
    assert {receipt.outcome for _, receipt in world.claims.every()} == {Fate.SENT.value}
