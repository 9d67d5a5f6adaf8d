"""One record after the other, with a real Redis and a carrier that does as it is told."""

from __future__ import annotations

import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.push_log import DAY_MS, HOUR_MS, now_ms, push_record
from tests.support.push_process import Heard
from tideline.schemas.errors import Unavailable
from tideline.scripts.sending.carriers import NotTaken, Refused, Unclear
from tideline.scripts.sending.claims import Claims
from tideline.scripts.sending.delivery import Delivery, Ending, Fate, Trying

if TYPE_CHECKING:
    from tests.support.list_stores import Real
    from tideline.udfs.core.push.push_record import PushRecord

TRYING = Trying(3, 0.01)


class Scripted:
    """Raises what it is told, one a try, and takes the message after that."""

    def __init__(self, *raised: Exception) -> None:
        self.raised, self.sent = list(raised), list[str]()

    def send(self, record: PushRecord) -> str:
        if self.raised:
            raise self.raised.pop(0)
        self.sent.append(record.push_id)
        return "taken"


class World:
    """A delivery with what it leaves behind."""

    def __init__(self, real: Real, carrier: Scripted, trying: Trying = TRYING, channel: str | None = None) -> None:
        self.claims, self.carrier, self.consent = Claims(real.client, real.url, real.prefix), carrier, Heard()
        self.delivery = Delivery(self.claims, self.consent, carrier, trying, channel)
        self.told: list[tuple[Fate, str]] = []

    def deliver(self, record: PushRecord) -> Fate:
        return self.delivery.deliver(record, lambda fate, said: self.told.append((fate, said)))


def test_what_is_to_be_sent_is_sent_once_with_a_receipt(real: Real) -> None:
    """Contract: a second record of the id, about whatever, is passed over."""
    world, record = World(real, Scripted()), push_record()
    assert world.deliver(record) is Fate.SENT
    assert world.deliver(record._replace(activity_id="coffee")) is Fate.CLAIMED
    assert world.carrier.sent == [record.push_id]
    receipt = world.claims.receipt(record.push_id)
    assert receipt is not None
    assert (receipt.outcome, receipt.said) == ("sent", "taken")
    assert world.told == []


@pytest.mark.parametrize(
    ("change", "fate"),
    [({"sent": False}, Fate.WITHHELD), ({"expires_ms": now_ms() - DAY_MS - HOUR_MS}, Fate.STALE)],
)
def test_what_nobody_was_to_get_is_passed_over_without_a_claim(real: Real, change: dict[str, Any], fate: Fate) -> None:
    """Contract: withheld, or long past; nothing is told of either."""
    world, record = World(real, Scripted()), push_record(**change)
    assert world.deliver(record) is fate
    assert (world.carrier.sent, world.told, world.claims.receipt(record.push_id)) == ([], [], None)


def test_what_goes_by_another_channel_is_left_to_its_sender(real: Real) -> None:
    """Contract: without a claim or a word of it, also where it is over; what names no channel is anyone's."""
    world = World(real, Scripted(), channel="email")
    others = [push_record("a", channel="app"), push_record("b", channel="sms", expires_ms=now_ms() - 5)]
    assert [world.deliver(each) for each in others] == [Fate.ELSEWHERE] * 2
    assert (world.carrier.sent, world.told, dict(world.claims.every())) == ([], [], {})
    mine = [push_record("c", channel="email"), push_record("d")]
    assert [world.deliver(each) for each in mine] == [Fate.SENT] * 2
    everyone = World(real, Scripted())
    assert everyone.deliver(others[0]) is Fate.SENT


def test_no_id_is_sent_by_the_senders_of_two_channels(real: Real) -> None:
    """Contract: also where a restore told it again for the other one: the first claim holds for all."""
    names, random = ("app", "email"), Random(5)
    ids = [(f"u{number}", str(random.choice(names))) for number in range(120)]
    first = [push_record(user, channel=channel) for user, channel in ids]
    again = [each._replace(channel=str(random.choice(names))) for each in first]
    carriers = {name: Scripted() for name in names}
    worlds = {name: World(real, carriers[name], channel=name) for name in names}
    with ThreadPoolExecutor(4) as pool:
        runs = [
            pool.submit(lambda world, every: [world.deliver(each) for each in every], worlds[name], records)
            for name in names
            for records in (first, again)
        ]
    fates = Counter(fate for run in runs for fate in run.result())
    assert fates.keys() == {Fate.SENT, Fate.CLAIMED, Fate.ELSEWHERE}
    sent = [each for carrier in carriers.values() for each in carrier.sent]
    assert sorted(sent) == sorted(each.push_id for each in first)
    named = {name: {each.push_id for each in (*first, *again) if each.channel == name} for name in names}
    assert all(set(carriers[name].sent) <= named[name] for name in names)


def test_what_may_not_be_sent_is_told_with_the_reason_once(real: Real) -> None:
    """Contract: expired, stopped, unsubscribed; each has a claim and a receipt, so a second record says nothing."""
    world = World(real, Scripted())
    world.claims.note("left", now_ms(), agrees=False)
    world.claims.stop("tea", "ann", 1)
    records = [
        push_record("a", activity_id="coffee", expires_ms=now_ms() - 1),
        push_record("b"),
        push_record("left", activity_id="coffee"),
    ]
    fates = [Fate.EXPIRED, Fate.STOPPED, Fate.UNSUBSCRIBED]
    assert [world.deliver(each) for each in records] == fates
    assert [world.deliver(each) for each in records] == [Fate.CLAIMED] * 3
    assert [fate for fate, _ in world.told] == fates
    assert [world.claims.receipt(each.push_id)[0] for each in records] == fates  # type: ignore[index]
    assert world.carrier.sent == []


def test_what_nobody_takes_is_tried_again_and_then_failed(real: Real) -> None:
    """Contract: as often as is asked for; the last word of the carrier is told."""
    world = World(real, Scripted(NotTaken("503"), NotTaken("503")))
    assert world.deliver(push_record("a")) is Fate.SENT
    world.carrier.raised = [NotTaken("429 slow down")] * 3
    assert world.deliver(push_record("b")) is Fate.FAILED
    assert world.told == [(Fate.FAILED, "not taken in 3 tries: 429 slow down")]


@pytest.mark.parametrize(("raised", "fate"), [(Refused("no such user"), Fate.FAILED), (Unclear("?"), Fate.UNCLEAR)])
def test_what_is_refused_or_may_have_been_taken_is_not_tried_again(real: Real, raised: Exception, fate: Fate) -> None:
    """Contract: and of what may have been sent nobody says that it was not."""
    world, record = World(real, Scripted(raised)), push_record()
    assert world.deliver(record) is fate
    assert world.carrier.sent == []
    assert [each for each, _ in world.told] == ([fate] if fate is Fate.FAILED else [])
    assert world.deliver(record) is Fate.CLAIMED


def test_a_stop_between_two_tries_is_heeded(real: Real) -> None:
    """Contract: stops, consent and expiry are looked at before each try."""
    world = World(real, Scripted(NotTaken("busy")), Trying(3, 0.3))
    threading.Timer(0.1, lambda: world.claims.stop(None, "ann", 1)).start()
    assert world.deliver(push_record()) is Fate.STOPPED
    assert world.carrier.sent == []


def test_an_end_in_a_pause_lets_the_next_sender_have_the_id(real: Real) -> None:
    """Contract: nothing was taken, so nothing is lost; nobody waits for the pause to end."""
    world, record = World(real, Scripted(*[NotTaken("busy")] * 3), Trying(3, 30.0)), push_record()
    threading.Timer(0.1, world.delivery.end).start()
    began_s = time.monotonic()
    with pytest.raises(Ending):
        world.deliver(record)
    assert time.monotonic() - began_s < 5.0
    assert World(real, Scripted()).deliver(record) is Fate.SENT


def test_consent_that_cannot_be_heard_sends_nothing(real: Real, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: the id is free again, as nothing was sent."""
    world, record = World(real, Scripted()), push_record()

    def fail() -> None:
        raise Unavailable("kafka", "gone")

    monkeypatch.setattr(world.consent, "as_of_now", fail)
    with pytest.raises(Unavailable):
        world.deliver(record)
    assert world.carrier.sent == []
    assert world.claims.receipt(record.push_id) is None


def test_what_may_have_been_told_as_not_sent_is_sent_by_nobody(real: Real) -> None:
    """Contract: where telling fails the claim stays, without a receipt: it is listed as lost."""
    world, record = World(real, Scripted()), push_record(expires_ms=now_ms() - 5)

    def fail(fate: Fate, said: str) -> None:
        raise Unavailable("kafka", "gone")

    with pytest.raises(Unavailable):
        world.delivery.deliver(record, fail)
    assert dict(world.claims.every())[record.push_id].outcome == ""
    assert world.deliver(record) is Fate.CLAIMED


def test_what_waits_in_vain_is_told_once_and_never_sent(real: Real) -> None:
    """Contract: passed over behind a claim of its own, also where a stop has ended by then."""
    world, record = World(real, Scripted()), push_record()
    tell = lambda fate, said: world.told.append((fate, said))  # noqa: E731 - a name for one argument
    assert world.delivery.pass_over(record, Fate.STOPPED, tell) is Fate.STOPPED
    assert world.delivery.pass_over(record, Fate.EXPIRED, tell) is Fate.CLAIMED
    assert world.deliver(record) is Fate.CLAIMED
    assert (world.told, world.carrier.sent) == ([(Fate.STOPPED, "")], [])
