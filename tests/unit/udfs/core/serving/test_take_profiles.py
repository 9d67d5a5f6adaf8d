"""Profile records through the engine: whose lists they renew, and what they leave in state."""

from __future__ import annotations

import hashlib
import json
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS, ArithmeticEncoder, token_for
from tests.support.engine_runs import NAMES, ranking_world, records_of, story_of, sums_of, views
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import Consent, Profile, encode_profile
from tideline.udfs.core.serving.engine import Outcome, Records, process, republish, settle, take_profiles
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.core.users.user_state import HEADER

WORLD = ranking_world(ArithmeticEncoder())
BEFORE = "a1b98dc1a91d00b38b27aba2b492401a1bbc7dcbf9aad4f2e7d231105ee384ae"
SILENT = Consent(personalise=False, learn=False)


class Shop:
    """States and lists as they come to be."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.lists: dict[str, bytes] = {}
        self.counts: Counter[str] = Counter()

    def load(self, users: list[str]) -> list[bytes | None]:
        return [self.states.get(user) for user in users]

    def put(self, outcome: Outcome) -> Outcome:
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        self.lists.update(zip(outcome.listed, outcome.lists, strict=True))
        self.counts += outcome.counts
        return outcome

    def told(self, *profiles: Profile | None, muted: bool = False) -> Outcome:
        """Apply profiles; None forgets that of u."""
        keys = [b"u" if each is None else each.user_id.encode() for each in profiles]
        values = [None if each is None else encode_profile(each) for each in profiles]
        records = Records(keys, values, [NOON_MS + 2 * 10**6] * len(keys))
        return self.put(take_profiles(records, self.load, WORLD, muted=muted))

    def seen(self, *events: Event) -> Outcome:
        return self.put(process(records_of(list(events)), self.load, WORLD))


def test_who_had_a_list_gets_a_new_one_and_who_had_none_gets_none() -> None:
    """Contract: of a user without events only the profile is kept, in 100 bytes and its own."""
    shop = Shop()
    shop.seen(*views("u", 3))
    before = shop.lists["u"]
    told = shop.told(Profile("u", NOON_MS + 10_000, consent=SILENT), Profile("w", NOON_MS, {"tier": "gold"}))
    assert (told.listed, told.users) == (["u"], ["u", "w"])
    assert json.loads(shop.lists["u"])["v"] == [1, NOON_MS + 10_000, json.loads(before)["v"][2]]
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


def test_without_consent_to_learn_feedback_is_marked_and_nothing_else_changes() -> None:
    """Contract: budgets and caps still count."""
    click = Event("c", "u", EventType.CLICK, NOON_MS + 9, activity_id=NAMES[0], token=token_for("u", NAMES), position=0)
    shown = click._replace(event_id="i", type=EventType.IMPRESSION)
    plain, silent = Shop(), Shop()
    silent.told(Profile("u", NOON_MS - 1, consent=Consent(learn=False)))
    outcomes = [shop.seen(shown, click) for shop in (plain, silent)]
    assert [each._replace(unlearned=1) for each in outcomes[0].feedback] == outcomes[1].feedback != []
    assert outcomes[0].lists == outcomes[1].lists


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
    later = Event("l", "u", EventType.VIEW, NOON_MS + 2 * 10**6, "i9", "tea", 1.0)
    plain.seen(later)
    shop.seen(later)
    assert shop.lists["u"] == plain.lists["u"]


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


def test_of_a_past_feedback_is_learned_as_its_user_agreed_when_he_saw_the_list() -> None:
    """Contract: whatever came with it in one batch, or was said since."""
    held = HeldProfiles(
        [
            (b"u", encode_profile(Profile("u", NOON_MS - 500, consent=SILENT)), NOON_MS),
            (b"u", encode_profile(Profile("u", NOON_MS + 500)), NOON_MS + 10**6),
        ]
    )
    shown = [
        Event(f"i{at}", "u", EventType.IMPRESSION, at_ms + 9, activity_id=NAMES[0], position=0, token=token)
        for at, at_ms in enumerate((NOON_MS - 1_000, NOON_MS, NOON_MS + 1_000))
        for token in [token_for("u", NAMES, at_ms, seq=at + 1)]
    ]
    shop = Shop()
    outcome = process(records_of(shown), shop.load, WORLD, held=held)
    assert {each.ts_ms - NOON_MS: each.unlearned for each in outcome.feedback} == {-1_000: 0, 0: 1, 1_000: 0}


def test_without_profiles_every_byte_is_as_before_there_were_any() -> None:
    """Contract: lists, decision records and learned sums of random stories; the digest is of the build before."""
    digest = hashlib.sha256()
    rng = np.random.default_rng(0)
    for story in [story_of(f"u{number}", 80, rng) for number in range(3)]:
        shop = Shop()
        for start in range(0, len(story), 7):
            outcome = shop.seen(*story[start : start + 7])
            digest.update(b"".join([*outcome.lists, *(record for _, record in outcome.decisions)]))
            digest.update(b"".join(sums_of(outcome.feedback).values()))
    assert digest.hexdigest() == BEFORE
