"""Contract: never a former state, never more than the bytes allowed, and who comes often stays."""

from __future__ import annotations

import sys
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from tideline.udfs.operators.kept.state_cache import ENTRY_BYTES, StateCache

USERS = st.sampled_from("abcdefgh")
STEPS = st.lists(
    st.one_of(
        st.lists(st.tuples(USERS, st.binary(max_size=300)), max_size=4).map(lambda states: ("put", states)),
        USERS.map(lambda user: ("drop", user)),
    ),
    max_size=60,
)


@given(STEPS, st.integers(0, 4_000))
def test_what_is_found_is_what_was_put_last(steps: list[tuple[str, object]], most_bytes: int) -> None:
    """Contract: against a plain dict; what was let go is not found, what was replaced never comes back."""
    cache, kept = StateCache(most_bytes), dict[str, bytes]()
    for name, given_ in steps:
        if name == "put":
            cache.put(given_)  # type: ignore[arg-type]
            kept.update(given_)  # type: ignore[call-overload]
        else:
            cache.drop(str(given_))
            kept.pop(str(given_), None)
        for user in "abcdefgh":
            assert cache.get(user) in (None, kept.get(user))
        if name == "put":
            assert all(cache.get(user) == kept[user] for user, _ in given_)  # type: ignore[attr-defined]


def test_many_users_take_what_is_allowed() -> None:
    """Contract: measured by the interpreter: within the bytes allowed and one batch, whatever the states' sizes."""
    most = 2_000_000
    cache = StateCache(most)
    tracemalloc.start()
    try:
        for start in range(0, 40_000, 100):
            cache.put([(f"user-{number}", bytes(100 + number % 900)) for number in range(start, start + 100)])
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most / 3 < held < most * 1.1


def test_who_comes_often_stays_while_others_pass() -> None:
    """Contract: a regular is found at every visit, however many come once; somebody is always known."""
    cache = StateCache(100_000)
    cache.put([("regular", b"0")])
    for number in range(5_000):
        cache.put([(f"passing-{number}", bytes(500))])
        if number % 10 == 0:
            assert cache.get("regular") is not None, number
            cache.put([("regular", b"%d" % number)])
    assert cache.get("regular") == b"4990"
    assert cache.get("passing-4999") is not None
    assert cache.get("passing-0") is None


def test_one_user_again_and_again_pushes_nobody_out() -> None:
    """Contract: a state in the place of a former one counts once."""
    cache = StateCache(10_000)
    cache.put([("other", bytes(100))])
    for _ in range(1_000):
        cache.put([("one", bytes(100))])
    assert cache.get("other") is not None


def test_an_entry_takes_no_more_than_is_counted() -> None:
    """Contract: name, header of the bytes and places in a table that has just grown."""
    table = {f"user-{number}": b"" for number in range(100_000)}
    name, header = sys.getsizeof("x" * 60), sys.getsizeof(b"")
    assert sys.getsizeof(table) / len(table) + name + header < ENTRY_BYTES
