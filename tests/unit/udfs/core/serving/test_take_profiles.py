"""Profile records through the engine: whose lists they renew, and what they leave in state."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS
from tests.support.engine_runs import records_of, story_of, sums_of, views
from tests.support.profile_shop import SILENT, WORLD, Shop
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import HEADER_BYTES, wire_header
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import OptOuts, Profile, encode_profile
from tideline.udfs.core.serving.engine import Records, process, take_profiles
from tideline.udfs.core.serving.renewal.renew import republish, settle
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.core.users.user_state import HEADER

BEFORE = "a1b98dc1a91d00b38b27aba2b492401a1bbc7dcbf9aad4f2e7d231105ee384ae"
ONE_OUT, TWO_OUT = (
    Profile("u", NOON_MS + 9_000, opt_outs=OptOuts(kinds=kinds)) for kinds in (("push",), ("push", "coupon"))
)


def test_who_had_a_list_gets_a_new_one_and_who_had_none_gets_none() -> None:
    """Contract: of a user without events only the profile is kept, in 100 bytes and its own."""
    shop = Shop()
    shop.seen(*views("u", 3))
    before = shop.lists["u"]
    told = shop.told(Profile("u", NOON_MS + 10_000, consent=SILENT), Profile("w", NOON_MS, {"tier": "gold"}))
    assert (told.listed, told.users) == (["u"], ["u", "w"])
    assert json.loads(shop.lists["u"])["v"] == [1, NOON_MS + 10_066, json.loads(before)["v"][2]]
    assert len(shop.states["w"]) == 100 + len(keep(Profile("w", NOON_MS, {"tier": "gold"})))
    assert (shop.counts["profiles"], shop.counts["profiles_applied"]) == (2, 2)


def test_without_consent_to_personalise_a_list_is_a_stranger_s() -> None:
    """Contract: its token says so too, so what it teaches is of the context it was ranked in."""
    shop = Shop()
    shop.seen(*views("u", 40))
    assert x_of(shop.lists["u"]) != stranger_x().tolist()
    shop.told(Profile("u", NOON_MS + 10**6, consent=SILENT))
    assert x_of(shop.lists["u"]) == stranger_x().tolist()
    entries = json.loads(shop.lists["u"])["i"]
    assert not {"for-buyers", "for-tea", "for-regulars"} & {*entries}
    shop.told(Profile("u", NOON_MS + 10**6 + 1))
    assert x_of(shop.lists["u"]) != stranger_x().tolist()


def x_of(payload: bytes) -> list[int]:
    token = read_unverified(json.loads(payload)["k"])
    return [int(each) for each in np.frombuffer(token.x, np.int8)]


def test_a_bad_record_costs_its_user_nothing_and_nobody_else_anything() -> None:
    """Contract: the last good profile stays; the record is refused with its reason."""
    shop = Shop()
    shop.told(Profile("u", NOON_MS, {"tier": "gold"}))
    good = encode_profile(Profile("w", NOON_MS))
    bad = json.dumps({"user_id": "u", "ts_ms": NOON_MS + 5, "labels": {"tear": "gold"}}).encode()
    outcome = shop.put(take_profiles(Records([b"u", b"w"], [bad, good], [NOON_MS + 9] * 2), shop.load, WORLD))
    assert [(each.number, str(each.error.reason)) for each in outcome.dead] == [(0, "bad_profile")]
    assert outcome.users == ["w"]
    assert shop.states["u"].endswith(keep(Profile("u", NOON_MS, {"tier": "gold"})))


def test_a_record_without_value_forgets_the_profile_and_nothing_else() -> None:
    """Contract: history and list stay, and an older record that comes later does not bring it back."""
    plain, shop = Shop(), Shop()
    for each in (plain, shop):
        each.seen(*views("u", 5))
    shop.told(Profile("u", NOON_MS + 4_000, {"tier": "gold"}))
    shop.told(None)
    shop.told(Profile("u", NOON_MS + 5_000, {"tier": "gold"}))
    assert len(shop.states["u"]) == len(plain.states["u"]) + 16
    later = Event("l", "u", EventType.VIEW, NOON_MS + 2 * 10**6 + 99, "i9", "tea", 1.0)
    plain.seen(later)
    shop.seen(later)
    assert shop.lists["u"] == plain.lists["u"]


@pytest.mark.parametrize("second", [Profile("u", NOON_MS + 9_000, consent=SILENT), ONE_OUT, TWO_OUT, None])
def test_a_profile_of_the_same_moment_that_allows_less_leads_to_a_list_that_replaces_the_former(
    second: Profile | None,
) -> None:
    """Contract: where times are days a withdrawal is obeyed at once too, and what it overrules changes no list."""
    shop, first = Shop(), Profile("u", NOON_MS + 9_000 if second else NOON_MS + 2 * 10**6)
    shop.seen(*views("u", 5))
    shop.told(first)
    before = json.loads(shop.lists["u"])["v"]
    assert before[1] == first.ts_ms
    shop.told(second)
    after = shop.lists["u"]
    assert json.loads(after)["v"] > before
    assert not shop.told(first).listed
    assert shop.lists["u"] == after


PROFILES = [Profile("u", NOON_MS + at, {"tier": f"t{at}"}) for at in (1, 2_500, 9_000)]


@settings(max_examples=25, deadline=None)
@given(st.permutations([*views("u", 5), *PROFILES]))
def test_any_order_of_events_and_profiles_leads_to_the_same_bytes(told: list[Event | Profile]) -> None:
    """Contract: state and last list; how often a list was made between leaves no trace."""
    shop = Shop()
    for each in told:
        if isinstance(each, Profile):
            shop.told(each)
        else:
            shop.seen(each)
    plain = Shop()
    plain.seen(*views("u", 5))
    plain.told(PROFILES[-1])
    assert shop.lists == plain.lists
    assert without_rate(shop.states["u"]) == without_rate(plain.states["u"])


def without_rate(state: bytes) -> bytes:
    """The guard against robots counts tellings, whatever came between."""
    start, end = (HEADER.fields[name][1] for name in ("robot_from_s", "as_of_ms")) if HEADER.fields else (0, 0)
    return state[:start] + state[end:]


def test_muted_a_profile_makes_no_list_and_settled_the_state_is_the_same() -> None:
    """Contract: a backfill leaves what a job with lists would have; of a profile alone nothing is encoded."""
    loud, muted = Shop(), Shop()
    profiles = (Profile("u", NOON_MS + 9_000, consent=SILENT), Profile("w", NOON_MS))
    loud.seen(*views("u", 5))
    loud.told(*profiles)
    assert not muted.put(process(records_of(views("u", 5)), muted.load, WORLD, muted=True)).lists
    assert not muted.told(*profiles, muted=True).lists
    settled = settle([muted.states[user] for user in ("u", "w")], WORLD)
    assert settled == [loud.states[user] for user in ("u", "w")]


def test_who_has_a_profile_alone_is_not_republished() -> None:
    shop = Shop()
    shop.told(Profile("w", NOON_MS))
    outcome = republish(["w"], [shop.states["w"]], WORLD)
    assert (outcome.listed, outcome.states) == ([], [shop.states["w"]])


@pytest.mark.parametrize("count", [1, 40])
def test_a_profile_that_says_nothing_changes_no_byte_of_a_list(count: int) -> None:
    """Contract: only what is said counts; before his newest event its time does not either."""
    plain, shop = Shop(), Shop()
    shop.told(Profile("u", NOON_MS - 5))
    for each in (plain, shop):
        each.seen(*views("u", count))
    assert shop.lists == plain.lists


def test_a_past_is_worked_off_with_the_profiles_of_its_own_time() -> None:
    """Contract: lists are those of a job that was told in time; none knows what was said later."""
    profiles = [Profile("u", NOON_MS + 1_500, consent=SILENT), Profile("u", NOON_MS + 3_500)]
    held = HeldProfiles([(b"u", encode_profile(each), NOON_MS + 10**6) for each in reversed(profiles)])
    live, past = Shop(), Shop()
    for event in views("u", 6):
        for each in profiles:
            if event.ts_ms - 1_000 < each.ts_ms <= event.ts_ms:
                live.told(each)
        live.seen(event)
        past.put(process(records_of([event]), past.load, WORLD, held=held))
        assert past.lists == live.lists
    assert past.states == live.states


def before_variants(record: bytes) -> bytes:
    """Return a decision without a variant in version 4, which ended before it."""
    assert (record[:HEADER_BYTES], record[-2:]) == (wire_header(23), b"\0\0")
    return wire_header(14) + record[HEADER_BYTES:-2]


def test_without_profiles_every_byte_is_as_before_there_were_any() -> None:
    """Contract: lists, decision records and learned sums of random stories; the digest is of the build before."""
    digest = hashlib.sha256()
    rng = np.random.default_rng(0)
    for story in [story_of(f"u{number}", 80, rng) for number in range(3)]:
        shop = Shop()
        for start in range(0, len(story), 7):
            outcome = shop.seen(*story[start : start + 7])
            digest.update(b"".join([*outcome.lists, *(before_variants(record) for _, record in outcome.decisions)]))
            digest.update(b"".join(sums_of(outcome.feedback).values()))
    assert digest.hexdigest() == BEFORE
