"""What is remembered of what a user was shown has a largest size, whatever he does."""

from __future__ import annotations

from functools import cache
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import DAY_MS, KEYS, NOON_MS, token_for
from tests.support.plain_shown import decode_shown
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.catalogue.eligibility.user_caps import MAX_CAP
from tideline.udfs.core.lists.activity_tags import ActivityTags
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.attribution_settings import MAX_LISTS, AttributionSettings, Cascade
from tideline.udfs.core.rewards.room import SHOWN_BYTES
from tideline.udfs.core.shown.claims import MAX_CLAIMS
from tideline.udfs.core.shown.marks import MAX_MARK_BYTES
from tideline.udfs.core.shown.shown_bytes import shown_fits

NAMES = [f"a{at}" for at in range(16)]
FULL = AttributionSettings.of(
    KEYS,
    28 * DAY_MS,
    dict.fromkeys([*NAMES, *(f"d{at}" for at in range(200))], 1.0),
    {"tea": tuple(NAMES), "milk": ("d0",)},
    dict.fromkeys(NAMES[:8], (MAX_CAP, 28 * DAY_MS)),
)._replace(cascade=Cascade(60, ActivityTags.of(NAMES, KEYS)))
KINDS = (EventType.IMPRESSION, EventType.CLICK, EventType.CONVERSION, EventType.DISMISS)


@cache
def token_of(names: tuple[str, ...], at_ms: int, seq: int = 1) -> str:
    """Return the token of a list of u, which every example of a test tells again."""
    return token_for("u", names, at_ms, seq=seq)


def everything(pages: int, apart_ms: int) -> list[Event]:
    """See, click, convert and dismiss all sixteen entries of many lists, buy in between, dismiss 200 more."""
    found: list[Event] = []

    def add(kind: int, name: str | None, at_ms: int, token: str | None = None, **fields: Any) -> None:
        found.append(Event(f"{len(found)}", "u", kind, at_ms, activity_id=name, token=token)._replace(**fields))

    for page in range(pages):
        at_ms = NOON_MS + page * apart_ms
        token = token_of(tuple(NAMES), at_ms, page)
        for kind in KINDS:
            for position, name in enumerate(NAMES[page % 3 :: 1 + page % 5]):
                add(kind, name, at_ms + 7 * position, token, value=-1e9 if kind == EventType.CONVERSION else None)
        add(EventType.PURCHASE, None, at_ms + 900, item_id="tea" if page % 7 else "milk", price=1e9)
    for at in range(MAX_CLAIMS):
        add(EventType.PURCHASE, None, NOON_MS + pages * apart_ms + at, item_id="milk")
    for first in range(0, 200, 16):
        names = tuple(f"d{at}" for at in range(first, min(first + 16, 200)))
        token = token_of(names, NOON_MS - first - 1)
        for name in names:
            add(EventType.DISMISS, name, NOON_MS + first, token)
    return found


def test_an_account_that_fills_everything_stays_within_the_largest_size() -> None:
    """Contract: lists, claims and marks are full and rewards take what is left: at most SHOWN_BYTES."""
    shown = b""
    for at, each in enumerate(everything(90, 60_000)):
        shown = attribute(shown, [(at, each)], FULL).shown
        assert len(shown) <= SHOWN_BYTES
        assert shown_fits(shown)
    state = decode_shown(shown)
    marks = 12 * sum(map(len, state.uses.values())) + 6 * len(state.dismissed)
    assert (len(state.lists), len(state.claims)) == (MAX_LISTS, MAX_CLAIMS)
    assert MAX_MARK_BYTES - 12 < marks <= MAX_MARK_BYTES
    assert state.rewards
    assert len(shown) > SHOWN_BYTES - 70


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.sampled_from([0, 1, 60_000, DAY_MS]), st.integers(1, 400), st.randoms())
def test_no_order_or_batch_makes_it_larger(pages: int, apart_ms: int, cut: int, draw: Random) -> None:
    events = everything(pages, apart_ms)
    draw.shuffle(events)
    shown = b""
    for start in range(0, len(events), cut):
        shown = attribute(shown, list(enumerate(events[start : start + cut])), FULL).shown
        assert len(shown) <= SHOWN_BYTES
        assert shown_fits(shown)


def nearly_full(capped: int) -> list[Event]:
    """Click seven entries and buy milk twice after each, beside full lists, 199 dismissals and some uses of a cap."""
    found: list[Event] = []

    def add(kind: int, name: str | None, at_ms: int, token: str | None = None, **fields: Any) -> None:
        found.append(Event(f"{len(found)}", "u", kind, at_ms, activity_id=name, token=token)._replace(**fields))

    for page in range(MAX_LISTS):
        at_ms, clicked = NOON_MS + 1000 * page, NAMES[8 + page % 7]
        token = token_of((clicked, NAMES[0]), at_ms, page)
        add(EventType.CLICK if page < 7 else EventType.IMPRESSION, clicked, at_ms, token, position=0)
        for bought in range(2 if page < 7 else 0):
            add(EventType.PURCHASE, None, at_ms + 1 + bought, item_id="milk", price=5.0)
        if page < capped:
            add(EventType.IMPRESSION, NAMES[0], at_ms, token, position=1)
    for at in range(1, 200):
        add(EventType.DISMISS, f"d{at}", NOON_MS, token_of((f"d{at}",), NOON_MS - at), position=0)
    return found


def test_claims_that_all_find_an_entry_at_once_keep_it_within_the_largest_size() -> None:
    """Contract: where an item is given to other activities, one more purchase credits all claims of before as well."""
    given_to = AttributionSettings.of(KEYS, FULL.window_ms, FULL.reward_value, {"milk": tuple(NAMES[8:])}, {})
    changed = FULL._replace(wanted=given_to.wanted)
    sizes = []
    for capped in range(20, MAX_LISTS):
        shown = attribute(b"", list(enumerate(nearly_full(capped))), FULL).shown
        purchase = Event("p", "u", EventType.PURCHASE, NOON_MS + 1_000_000, "milk", price=5.0)
        sizes.append(len(attribute(shown, [(0, purchase)], changed).shown))
    assert SHOWN_BYTES - 12 < max(sizes) <= SHOWN_BYTES
