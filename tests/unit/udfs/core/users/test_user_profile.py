"""What a user has long liked."""

from __future__ import annotations

import numpy as np
import pytest

from tideline.udfs.core.users.history import merge
from tideline.udfs.core.users.user_profile import (
    HALF_LIVES,
    KEPT,
    MAX_PROFILE_BYTES,
    UNITS,
    Profiles,
    decode_profiles,
    encode_profiles,
    fold,
    no_profiles,
)
from tideline.udfs.core.users.user_state import EVENT, HISTORY, decode_states


def folded(categories: list[int]) -> Profiles:
    found = no_profiles(1)
    for category in categories:
        fold(found, np.array([0]), np.array([category], np.uint32))
    return found


def weights(profiles: Profiles, category: int) -> list[int]:
    found: list[int] = profiles.weights[0][profiles.category[0] == category].sum(axis=0).tolist()
    return found


def test_an_event_weighs_one_unit_and_halves_in_a_half_life() -> None:
    """After as many other events as a half-life has, half is left, to a thousandth."""
    assert weights(folded([7]), 7) == UNITS.tolist()
    for at, half_life in enumerate(HALF_LIVES):
        left = weights(folded([7, *[0] * half_life]), 7)[at]
        assert left / float(UNITS[at]) == pytest.approx(0.5, abs=1e-3)


def test_totals_are_of_all_events() -> None:
    """Also of those without a category."""
    found = folded([7, 0, 8])
    assert (found.totals[0] > found.weights[0].sum(axis=0)).all()
    alone = folded([7, 8])
    assert (alone.totals[0] == alone.weights[0].sum(axis=0)).all()


def test_a_million_events_fit_the_numbers() -> None:
    """What all events of a user can come to is below 2^32."""
    assert (UNITS / (1.0 - 0.5 ** (1.0 / np.array(HALF_LIVES)))).max() < 2**32


def test_of_too_many_categories_the_least_liked_goes() -> None:
    """The one with the least weight at the longest half-life makes room for a new one."""
    many = [category for category in range(1, KEPT + 1) for _ in range(2)]
    found = folded([*many, 5, 99])
    assert weights(found, 99) != [0, 0]
    assert weights(found, 1) == [0, 0]
    assert (found.category[0] != 0).sum() == KEPT


def test_bytes_are_read_again_and_few() -> None:
    """At most 400 of a user; of one whose history has never been full none."""
    random = np.random.default_rng(1)
    found = folded(random.integers(0, 60, 500).tolist())
    (state,) = encode_profiles(found)
    assert len(state) == MAX_PROFILE_BYTES <= 400
    assert encode_profiles(decode_profiles([state])) == [state]
    assert encode_profiles(no_profiles(2)) == [b"", b""]
    assert not decode_profiles([b""]).totals.any()


def test_a_user_alone_and_among_others_has_the_same_bytes() -> None:
    random = np.random.default_rng(2)
    events = random.integers(0, 50, (300, 5)).astype(np.uint32)
    together = no_profiles(5)
    for row in events:
        fold(together, np.arange(5), row)
    assert encode_profiles(together)[3] == encode_profiles(folded(events[:, 3].tolist()))[0]


@pytest.mark.parametrize("seed", range(6))
def test_any_order_inside_the_history_gives_the_same_bytes(seed: int) -> None:
    """Events overtaken by at most 15 others, in batches of any size: what leaves the history leaves it in time order.

    What leaves is folded in, as the live job is to do.
    """
    random = np.random.default_rng(seed)
    events = np.zeros(400, EVENT)
    events["ts_ms"] = 1_000 * (1 + random.integers(0, 200, 400))
    events["event"] = 1 + np.arange(400)
    events["category"] = random.integers(0, 45, 400)
    events = events[np.lexsort((events["event"], events["ts_ms"]))]
    told = [_told(events, random) for _ in range(3)]
    assert len(told[0]) == MAX_PROFILE_BYTES
    assert told[0] == told[1] == told[2]


def _told(events: np.ndarray, random: np.random.Generator) -> bytes:  # type: ignore[type-arg]
    order = np.argsort(np.arange(events.size) + random.uniform(0, 15, events.size))
    batch, profiles = decode_states([None], 0), no_profiles(1)
    start = 0
    while start < events.size:
        news = events[order[start : start + int(random.integers(1, 10))]]
        start += news.size
        before = batch.history[0][batch.history[0]["event"] != 0]
        merge(batch, np.zeros(news.size, np.int64), news)
        left = np.concatenate([before, news])
        left = left[~np.isin(left["event"], batch.history[0]["event"])]
        for category in left[np.lexsort((left["event"], left["ts_ms"]))]["category"]:
            fold(profiles, np.array([0]), np.array([category], np.uint32))
    assert batch.header["accepted"][0] == events.size
    assert batch.header["n_history"][0] == HISTORY
    return encode_profiles(profiles)[0]
