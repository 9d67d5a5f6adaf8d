"""Profile records through the engine: whose lists they renew, and what they leave in state."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import NOON_MS, ArithmeticEncoder, token_for
from tests.support.engine_runs import NAMES, ranking_world, records_of, story_of, sums_of, views
from tests.support.told import totals
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import HEADER_BYTES, wire_header
from tideline.udfs.core.lists.decision_token import read_unverified
from tideline.udfs.core.profiles.held_profiles import HeldProfiles
from tideline.udfs.core.profiles.kept_profile import keep
from tideline.udfs.core.profiles.profile_record import Consent, OptOuts, Profile, encode_profile
from tideline.udfs.core.rewards.feedback import Feedback
from tideline.udfs.core.serving.engine import Outcome, Records, process, settle, take_profiles
from tideline.udfs.core.serving.renewal.renew import republish
from tideline.udfs.core.users.interest import stranger_x
from tideline.udfs.core.users.user_state import HEADER

WORLD = ranking_world(ArithmeticEncoder())
BEFORE = "a1b98dc1a91d00b38b27aba2b492401a1bbc7dcbf9aad4f2e7d231105ee384ae"
SILENT = Consent(personalise=False, learn=False)
ONE_OUT, TWO_OUT = (
    Profile("u", NOON_MS + 9_000, opt_outs=OptOuts(kinds=kinds)) for kinds in (("push",), ("push", "coupon"))
)


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


def done(kind: int, payload: bytes, position: int = 0, at_ms: int = NOON_MS + 40_000, **fields: Any) -> Event:
    """Return what u did with an entry of a list."""
    found = json.loads(payload)
    given = {"activity_id": found["i"][position], "token": found["k"], "position": position} | fields
    return Event(f"{kind}-{found['v']}-{position}-{at_ms}", "u", kind, at_ms, **given)


def test_without_consent_to_learn_feedback_is_marked_and_nothing_else_changes() -> None:
    """Contract: budgets and caps still count; of a list its token alone differs."""
    plain, silent = Shop(), Shop()
    silent.told(Profile("u", NOON_MS - 1, consent=Consent(learn=False)))
    outcomes = []
    for shop in (plain, silent):
        shop.seen(*views("u", 3))
        ranked = shop.lists["u"]
        outcomes.append(shop.seen(done(EventType.IMPRESSION, ranked), done(EventType.CLICK, ranked)))
    assert [each._replace(unlearned=1) for each in outcomes[0].feedback] == outcomes[1].feedback != []
    lists = [json.loads(shop.lists["u"]) for shop in (plain, silent)]
    assert lists[0] == lists[1] | {"k": lists[0]["k"]}


CONSENTS = (Profile("u", NOON_MS + 10_000, consent=SILENT), Profile("u", NOON_MS + 20_000))
"""u withdraws his consent, and gives it again."""


def lists_of_each_consent() -> list[bytes]:
    """Return a list of u from before he withdrew his consent, one from then, and one since he gave it again."""
    shop = Shop()
    shop.seen(*views("u", 1))
    found = [shop.lists["u"]]
    for each in CONSENTS:
        shop.told(each)
        found.append(shop.lists["u"])
    return found


def deeds_with(payload: bytes, number: int) -> list[Event]:
    """Return all that u may do with two entries of a list, and a purchase of the first that is sent back."""
    start_ms = NOON_MS + 40_000 + 20_000 * number
    kinds = (EventType.IMPRESSION, EventType.CLICK, EventType.CONVERSION, EventType.DISMISS)
    told = [done(kind, payload, at, start_ms + 1_000 * (4 * at + kind)) for at in (0, 1) for kind in kinds]
    worths = [done(EventType.CONVERSION, payload, 0, start_ms + 15_000 + at, value=9.5 - 9.5 * at) for at in (0, 1)]
    loose = done(EventType.CONVERSION, payload, 1, start_ms + 18_000)._replace(token=None, position=None)
    return [*told, *worths, loose]


def run_of(told: list[Event | Profile]) -> list[Feedback]:
    """Return what is fed when u's events and profiles are applied one by one."""
    shop, feedback = Shop(), []
    for each in told:
        if isinstance(each, Profile):
            shop.told(each)
        else:
            feedback += shop.seen(each).feedback
    return feedback


def sums_by_consent(feedback: list[Feedback]) -> list[dict[tuple[str, int], tuple[int, ...]]]:
    """Return the totals of what is learned, and of what is not."""
    return [totals([each for each in feedback if each.unlearned == flag]) for flag in (0, 1)]


LISTS = lists_of_each_consent()
DEEDS = [event for number, payload in enumerate(LISTS) for event in deeds_with(payload, number)]
IN_TURN: list[Event | Profile] = [*CONSENTS, *DEEDS]


def test_what_comes_of_a_list_is_learned_or_not_as_its_user_agreed_when_it_was_made() -> None:
    """Contract: its impression, clicks, conversions and returns alike, though he has changed his mind since."""
    learned, silent = sums_by_consent(run_of(IN_TURN))
    assert {ts_ms for _, ts_ms in learned} == {NOON_MS, NOON_MS + 20_000}
    assert {ts_ms for _, ts_ms in silent} == {NOON_MS + 10_066}
    assert all(row[:4] == (1, 1, 1, 1) for row in (*learned.values(), *silent.values()))


@settings(max_examples=20, deadline=None)
@given(st.permutations(IN_TURN))
def test_a_switch_of_consent_anywhere_between_leaves_the_same_sums(told: list[Event | Profile]) -> None:
    """Contract: in any order of impressions, clicks, conversions with and without token, returns and profiles."""
    assert sums_by_consent(run_of(told)) == sums_by_consent(run_of(IN_TURN))


@pytest.mark.parametrize("learn", [True, False])
def test_of_the_popular_list_it_counts_what_its_user_has_agreed_to(learn: bool) -> None:
    """Contract: its token is everybody's and says nothing of him."""
    shop = Shop()
    shop.told(Profile("u", NOON_MS, consent=Consent(learn=learn)))
    token = token_for("", NAMES, popular=True)
    seen = Event("i", "u", EventType.IMPRESSION, NOON_MS + 9, activity_id=NAMES[0], token=token, position=0)
    first = shop.seen(seen)
    shop.told(Profile("u", NOON_MS + 20, consent=Consent(learn=not learn)))
    then = shop.seen(seen._replace(event_id="c", type=EventType.CLICK, ts_ms=NOON_MS + 30))
    assert [each.unlearned for each in (*first.feedback, *then.feedback)] == [int(not learn)] * 2


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


def test_of_a_past_feedback_is_learned_as_it_was_live() -> None:
    """Contract: lists say what had been agreed to, so a replay and a backfill need not know what was said when."""
    held = HeldProfiles([(b"u", encode_profile(CONSENTS[1]), NOON_MS + 10**6)])  # the topic is compacted
    shop = Shop()
    outcome = process(records_of(DEEDS), shop.load, WORLD, held=held)
    assert sums_by_consent(outcome.feedback) == sums_by_consent(run_of(IN_TURN))


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
