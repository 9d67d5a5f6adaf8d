"""What senders share in a real Redis."""

from __future__ import annotations

import time
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.waiting import wait_until
from tideline.scripts.sending.claims import KEPT_S, OFF_S, TAKEN, Claims, Receipt

if TYPE_CHECKING:
    from tests.support.list_stores import Real


@pytest.fixture
def claims(real: Real) -> Claims:
    return Claims(real.client, real.url, real.prefix)


def test_an_id_is_claimed_once_for_two_days_as_the_contract_says(claims: Claims, real: Real) -> None:
    """Contract: `SET PREFIX:push:ID 1 NX EX 172800`, so that senders of other people share the same claims."""
    assert claims.claim("20000-0-a")
    assert not claims.claim("20000-0-a")
    key = f"{real.prefix}:push:20000-0-a"
    assert real.client.get(key) == TAKEN == b"1"
    assert KEPT_S - 60 < real.client.ttl(key) <= KEPT_S == 172_800  # type: ignore[operator]
    real.client.set(f"{real.prefix}:push:20000-0-b", 1, nx=True, ex=KEPT_S)
    assert not claims.claim("20000-0-b")


def test_a_claim_without_a_receipt_is_told_apart(claims: Claims, real: Real) -> None:
    """Contract: a receipt is kept as long as its claim and takes no id that is free; what is lost has none."""
    for each in ("20000-0-a", "20000-1-b"):
        claims.claim(each)
    claims.settle("20000-0-a", Receipt("sent", 5, "250 ok"))
    claims.settle("20000-2-c", Receipt("sent", 5))
    assert dict(claims.every()) == {"20000-0-a": Receipt("sent", 5, "250 ok"), "20000-1-b": Receipt("", 0)}
    assert real.client.ttl(f"{real.prefix}:push:20000-0-a") > KEPT_S - 60  # type: ignore[operator]
    assert claims.receipt("20000-2-c") is None
    claims.give_back("20000-1-b")
    assert claims.claim("20000-1-b")


def test_a_stop_of_all_or_of_one_activity_bars_until_it_is_ended(claims: Claims) -> None:
    """Contract: who stopped what is told; ending one leaves the other."""
    assert claims.barred("u", "tea") is None
    claims.stop("tea", "ann", 7)
    assert (claims.barred("u", "tea"), claims.barred("u", "coffee")) == ("stopped", None)
    claims.stop(None, "bob", 8)
    assert claims.barred("u", "coffee") == "stopped"
    assert claims.stops() == {"": {"by": "bob", "at_ms": 8}, "tea": {"by": "ann", "at_ms": 7}}
    assert claims.start(None)
    assert not claims.start(None)
    assert (claims.barred("u", "tea"), claims.barred("u", "coffee")) == ("stopped", None)


@pytest.mark.parametrize("order", list(permutations([(1_000, False), (5_000, True), (9_000, False), (9_000, True)])))
def test_the_newest_word_counts_in_any_order_and_at_one_moment_the_one_that_withdraws(
    claims: Claims, order: tuple[tuple[int, bool], ...]
) -> None:
    """Contract: an unsubscribing that is read after a newer profile is older all the same."""
    for at_ms, agrees in order:
        claims.note("u", at_ms, agrees=agrees)
    assert claims.is_off("u")
    assert claims.barred("u", "tea") == "unsubscribed"
    claims.note("u", 9_001, agrees=True)
    assert not claims.is_off("u")
    claims.note("u", 8_999, agrees=False)
    assert not claims.is_off("u")
    assert not claims.is_off("v")


def test_who_left_is_known_for_weeks_and_who_agrees_for_days(claims: Claims, real: Real) -> None:
    """Contract: kept as long as the clickstream of who withdrew his consent, for days of anybody else."""
    claims.note("u", 5_000, agrees=True)
    assert 0 < real.client.ttl(f"{real.prefix}:push:off:u") <= KEPT_S  # type: ignore[operator]
    claims.note("u", 6_000, agrees=False)
    assert KEPT_S < real.client.ttl(f"{real.prefix}:push:off:u") <= OFF_S  # type: ignore[operator]
    claims.note("u", 7_000, agrees=True)
    assert 0 < real.client.ttl(f"{real.prefix}:push:off:u") <= KEPT_S  # type: ignore[operator]


def test_up_to_where_consent_was_read_is_kept(claims: Claims) -> None:
    claims.hear({("click|stream", 3): 17, ("profiles", 0): 2})
    claims.hear({("profiles", 0): 5})
    claims.hear({})
    assert claims.heard() == {("click|stream", 3): 17, ("profiles", 0): 5}


_PROFILES = [(1_000, ("app", "sms")), (5_000, ()), (9_000, ()), (9_000, ("sms",))]


@pytest.mark.parametrize("order", list(permutations(_PROFILES)))
def test_the_newest_profile_says_by_which_channels_nothing_goes_and_at_one_moment_the_one_that_wants_less(
    claims: Claims, real: Real, order: tuple[tuple[int, tuple[str, ...]], ...]
) -> None:
    """Contract: in any order; other channels and what names none go on; it is kept as long as it may be needed."""
    for at_ms, out in order:
        claims.note_channels("u", at_ms, out)
    assert [claims.barred("u", "tea", each) for each in ("sms", "app", None)] == ["unsubscribed", None, None]
    assert real.client.get(f"{real.prefix}:push:out:u") == b"9000 sms"
    assert KEPT_S < real.client.ttl(f"{real.prefix}:push:out:u") <= OFF_S  # type: ignore[operator]
    assert not claims.is_off("u")
    claims.note_channels("u", 9_001, ())
    assert claims.barred("u", "tea", "sms") is None
    assert 0 < real.client.ttl(f"{real.prefix}:push:out:u") <= KEPT_S  # type: ignore[operator]


def test_no_more_places_are_there_than_are_allowed_of_all_and_of_each_campaign(claims: Claims, real: Real) -> None:
    """Contract: whoever asks before a place is there takes none, so it is there for whoever asks next."""
    other = Claims(real.client, real.url, real.prefix)
    assert claims.turn("tea", 50.0) == 0.0
    for each in (other, claims, other):
        assert 45.0 < each.turn("tea", 50.0) <= 50.0
    assert other.turn("coffee", 50.0) == 0.0
    assert claims.turn(None, 50.0) == 0.0
    kept_ms: Any = real.client.pttl(f"{real.prefix}:push:turn:coffee")
    assert 49_000 < kept_ms <= 51_001


def test_a_rate_is_kept_by_two_who_ask_all_the_time(claims: Claims, real: Real) -> None:
    """Contract: a plain count of what was given in any second: a fiftieth and one more than the rate at most."""
    given, until_s = list[float](), time.monotonic() + 3.0
    other = Claims(real.client, real.url, real.prefix)
    while time.monotonic() < until_s:
        given += [time.monotonic() for each in (claims, other) if each.turn(None, 0.02) == 0.0]
    assert max(sum(first <= each < first + 1.0 for each in given) for first in given) <= 53
    assert len(given) >= 60


@pytest.mark.parametrize("ahead_s", [8_000.0, 10.0**8])
def test_a_place_far_ahead_by_a_wrong_rate_or_a_clock_that_was_set_back_heals(
    claims: Claims, real: Real, ahead_s: float
) -> None:
    """Contract: nobody waits for longer than his own step, whatever is in the key."""
    seconds: Any = real.client.time()
    real.client.set(f"{real.prefix}:push:turn", round((seconds[0] + ahead_s) * 1e6))
    assert 0.0 < claims.turn(None, 2.0) <= 2.0
    wait_until("its place", lambda: claims.turn(None, 2.0) == 0.0)
    assert 0.0 < claims.turn(None, 1_000.0) <= 2.0, "a slow one asks; he waits for a quick one's place"
    wait_until("the slow one's place", lambda: claims.turn(None, 1_000.0) == 0.0)
    assert claims.turn(None, 2.0) <= 2.0


def test_which_activities_are_stopped_is_told_for_many_at_once(claims: Claims) -> None:
    """Contract: of all where all are stopped."""
    claims.stop("tea", "ann", 7)
    assert claims.stopped(["coffee", "tea"]) == [False, True]
    claims.stop(None, "ann", 8)
    assert claims.stopped(["coffee", "tea"]) == [True, True]


def test_what_is_stopped_is_told_without_a_look_through_all_keys(
    claims: Claims, real: Real, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Contract: stops of before they were listed are found, once; a start leaves nothing that is told."""
    real.client.set(f"{real.prefix}:push:stopped:old:one", '{"by": "ann", "at_ms": 3}')
    real.client.set(f"{real.prefix}:push:stopped", '{"by": "ann", "at_ms": 4}')
    assert claims.stops() == {"": {"by": "ann", "at_ms": 4}, "old:one": {"by": "ann", "at_ms": 3}}
    claims.list_stops()
    monkeypatch.setattr(real.client, "scan_iter", None)
    claims.stop("tea", "bob", 5)
    assert list(claims.stops()) == ["", "old:one", "tea"]
    for each in (None, "old:one"):
        assert claims.start(each)
    assert claims.stops() == {"tea": {"by": "bob", "at_ms": 5}}
    claims.start("tea")
    assert claims.stops() == {}


def test_a_redis_that_lost_what_is_listed_tells_the_stops_that_are_left(claims: Claims, real: Real) -> None:
    """Contract: the set only says where to look; a stop bars with it and without."""
    claims.stop("tea", "bob", 5)
    real.client.delete(f"{real.prefix}:push:stops")
    assert claims.barred("u", "tea") == "stopped"
    assert list(claims.stops()) == ["tea"]
    claims.stop("coffee", "bob", 6)
    assert list(claims.stops()) == ["coffee", "tea"]
