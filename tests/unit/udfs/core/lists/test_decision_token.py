"""The decision token: it says what was scored, and nobody else can write one."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.core_world import KEYS, NOON_MS, token_for, tokens_for
from tideline.schemas.codec import MAX_TOKEN_CHARS
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.udfs.core.context import CONSTANT_X, DIM
from tideline.udfs.core.limits import MAX_PLACEMENT, MAX_POSITIONS
from tideline.udfs.core.lists.activity_tags import NO_TAG, TAG_BYTES, activity_tag
from tideline.udfs.core.lists.decision_token import Token, mint, verify
from tideline.udfs.core.lists.list_version import ListVersion
from tideline.udfs.core.lists.ranked_lists import ListHeads, MadeBy, RankedLists
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.pairs.pair_numbers import PAIR_BYTES
from tideline.udfs.core.variants.drawing import Drawn

NAMES = [f"a{number}" for number in range(10)]
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def tag(name: str) -> bytes:
    return activity_tag(name, KEYS.secrets[KEYS.current])


TOKEN = token_for("ann", NAMES)
LEFT = np.array([[12, 11, 4, 3, 9, 8, 2, 5, 1, 1]])
RULED = token_for("ann", NAMES, feasible=LEFT, acted=np.array([5]))
MARKS = [0, 65_535, 0, 7, 0, 0, 256, 0, 0, 1]
SHARES = [0, 86, 0, 255, 0, 0, 1, 0, 0, 128]
DRAWN = Drawn(np.array([MARKS]), np.array([SHARES]), {})
VARIED = token_for("ann", NAMES, variants=DRAWN)


def refusal(token: str, user: str = "ann", keys: TokenKeys = KEYS) -> Reason:
    with pytest.raises(InvalidRecord) as caught:
        verify(token, user, keys)
    assert caught.value.detail
    return caught.value.reason


@st.composite
def ranked_lists(draw: st.DrawFn) -> RankedLists:
    """Lists of some users with any values that they can have, one of them with a place that holds none."""
    users, positions = draw(st.integers(1, 5)), draw(st.integers(1, MAX_POSITIONS))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x = rng.integers(-128, 128, (users, DIM)).astype(np.int8)
    x[:, 0] = 90
    order = np.stack([rng.permutation(20)[:positions] for _ in range(users)])
    order[0, -1] = -1
    return RankedLists(
        ListHeads(
            users=[f"ü{number}" for number in range(users)],
            as_of_ms=rng.integers(0, 2**48, users),
            seq=rng.integers(0, 2**32, users),
            arms=rng.integers(0, 4, users),
            popular=draw(st.booleans()),
            unlearned=draw(st.sampled_from([None, rng.random(users) < 0.5])),
            placement=draw(st.sampled_from([0, 1, MAX_PLACEMENT])),
        ),
        MadeBy(
            generation=int(rng.integers(0, 2**16)),
            encoder=int(rng.integers(0, 2**16)),
            policy=int(rng.integers(0, 2**40)),
            exploration_permille=int(rng.integers(0, 256)),
            experiment=int(rng.integers(0, 2**16)),
        ),
        eligible=rng.integers(0, 2**17, users),
        explored=rng.integers(0, 2**positions, users),
        x=x,
        order=order,
        tags=rng.integers(0, 2**8, (20, TAG_BYTES)).astype(np.uint8),
        pairs=rng.integers(0, 2**24, (users, positions)).astype(np.uint32),
    )


@settings(max_examples=60, deadline=None)
@given(ranked_lists())
def test_a_token_says_what_the_list_was_made_from(made: RankedLists) -> None:
    """Contract: every field comes back, for any number of positions, and the token is URL-safe without padding."""
    for row, (user, token) in enumerate(zip(made.heads.users, mint(made, KEYS), strict=True)):
        listed = made.order[row].tolist()
        pairs = [0 if number < 0 else pair for number, pair in zip(listed, made.pairs[row].tolist(), strict=True)]
        assert set(token) <= set(ALPHABET)
        assert verify(token, "anybody" if made.heads.popular else user, KEYS) == Token(
            key_id=KEYS.current,
            version=ListVersion(made.made_by.generation, made.heads.as_of_ms[row], made.heads.seq[row]),
            encoder=made.made_by.encoder,
            policy=made.made_by.policy,
            eligible=min(made.eligible[row], 65_535),
            exploration=made.made_by.exploration_permille / 1000,
            explored=made.explored[row],
            x=made.x[row].tobytes(),
            tags=b"".join(NO_TAG if number < 0 else made.tags[number].tobytes() for number in listed),
            pairs=b"".join(pair.to_bytes(PAIR_BYTES, "big") for pair in pairs),
            arm=made.heads.arms[row],
            popular=made.heads.popular,
            experiment=made.made_by.experiment,
            unlearned=made.heads.unlearned is not None and bool(made.heads.unlearned[row]),
            placement=made.heads.placement,
        )


def test_a_list_of_ten_needs_150_characters() -> None:
    """Contract: the documented size, which Redis pays for every user; 28 more where a list rule had a say.

    And 40 more than that where an activity has variants.
    """
    assert len(TOKEN) == 150
    assert len(RULED) == 178
    assert len(VARIED) == 218


@pytest.mark.parametrize("more", [{}, {"feasible": LEFT, "acted": np.array([5])}, {"variants": DRAWN}])
def test_a_token_says_of_which_placement_its_list_is(more: dict[str, Any]) -> None:
    """Contract: in every layout all else is as in the default list's; what it says cannot be changed or left out."""
    placed, default = (verify(token_for("ann", NAMES, placement=at, **more), "ann", KEYS) for at in (9, 0))
    assert placed == default._replace(placement=9)
    assert (placed.key, default.key) == ((1, NOON_MS, 1, 9), (1, NOON_MS, 1, 0))
    data = bytearray(base64.urlsafe_b64decode(token_for("ann", NAMES, placement=9, **more) + "=="))
    for at, value in ((0, data[0] & ~0x40), (len(data) - 9, 8)):
        other = data.copy()
        other[at] = value
        text = base64.urlsafe_b64encode(bytes(other)).decode().rstrip("=")
        assert refusal(text) in (Reason.FOREIGN_TOKEN, Reason.BAD_TOKEN)


def test_the_golden_token_of_a_placement_stays_as_it_is() -> None:
    """Contract: one byte more than the default list's; a frontend needs room for 151 characters."""
    golden = Path("tests/golden/placed_token_v3.txt").read_text(encoding="ascii").strip()
    assert golden == token_for("ann", NAMES, placement=9)
    assert len(golden) == 151


def test_a_token_says_which_variants_its_list_had_and_their_shares() -> None:
    """Contract: place by place, in a batch with others, whose bytes stay those of lists without variants."""
    golden = Path("tests/golden/token_v5.txt").read_text(encoding="ascii").strip()
    assert golden == VARIED
    token = verify(golden, "ann", KEYS)
    assert [token.variant_at(position) for position in range(10)] == list(zip(MARKS, SHARES, strict=True))
    assert token._replace(variants=b"", feasible=b"") == verify(TOKEN, "ann", KEYS)
    assert [token.feasible_at(position) for position in range(10)] == list(range(12, 2, -1))
    assert verify(RULED, "ann", KEYS).variant_at(1) == verify(TOKEN, "ann", KEYS).variant_at(1) == (0, 0)

    three: dict[str, Any] = {"users": ["ann", "bob", "eve"], "order": np.array([[0, 1], [1, 0], [0, 1]]),
            "as_of_ms": np.full(3, NOON_MS), "seq": np.arange(3), "eligible": np.array([12, 9, 5]),
            "explored": np.zeros(3, np.int64), "arms": np.zeros(3, np.int64),
            "x": np.full((3, DIM), CONSTANT_X, np.int8), "pairs": np.ones((3, 2), np.uint32)}  # fmt: skip
    ruled: dict[str, Any] = {"feasible": np.array([[8, 3], [9, 2], [5, 4]]), "acted": np.array([0, 2, 0])}
    variants = Drawn(np.array([[5, 0], [0, 6], [0, 0]]), np.array([[128, 0], [0, 85], [0, 0]]), {})
    first, both, none = tokens_for(["a0", "a1"], **three, **ruled, variants=variants)
    found = verify(first, "ann", KEYS)
    assert (found.variant_at(0), found.feasible_at(1), found.acted) == ((5, 128), 11, 0)
    found = verify(both, "bob", KEYS)
    assert (found.variant_at(1), found.feasible_at(1), found.acted) == ((6, 85), 2, 2)
    assert none == tokens_for(["a0", "a1"], **three)[2]


def test_a_token_of_a_ruled_list_says_how_many_were_left_for_each_place() -> None:
    """Contract: in a batch with others, whose bytes stay those of lists without rules."""
    users, order = ["ann", "bob", "eve"], np.array([[0, 1, 2], [2, 0, -1], [1, 2, 0]])
    both: dict[str, Any] = {"users": users, "order": order, "as_of_ms": np.full(3, NOON_MS), "seq": np.arange(3),
            "eligible": np.array([12, 70_000, 5]), "explored": np.zeros(3, np.int64), "arms": np.zeros(3, np.int64),
            "x": np.full((3, DIM), CONSTANT_X, np.int8), "pairs": np.ones((3, 3), np.uint32)}  # fmt: skip
    feasible = np.array([[12, 4, 10], [70_000, 9, 0], [5, 4, 3]])
    tokens = tokens_for(["a0", "a1", "a2"], **both, feasible=feasible, acted=np.array([1, 130, 0]))
    plain = tokens_for(["a0", "a1", "a2"], **both)
    found = [verify(token, user, KEYS) for token, user in zip(tokens, users, strict=True)]
    assert [[each.feasible_at(position) for position in range(3)] for each in found] == [
        [12, 4, 10],
        [65_535, 9, 0],
        [5, 4, 3],
    ]
    assert [each.acted for each in found] == [1, 130, 0]
    assert tokens[2] == plain[2]
    same = [each._replace(feasible=b"", acted=0) for each in found]
    assert same == [verify(token, user, KEYS) for token, user in zip(plain, users, strict=True)]


def test_a_former_ruled_token_is_read_as_it_was() -> None:
    """Contract: tokens of lists in Redis and in the clickstream stay readable: the golden file's every field."""
    golden = Path("tests/golden/token_v4.txt").read_text(encoding="ascii").strip()
    assert golden == RULED
    token = verify(golden, "ann", KEYS)
    assert [token.feasible_at(position) for position in range(10)] == [12, 11, 4, 3, 9, 8, 2, 5, 1, 1]
    assert (token.acted, token.eligible, token.pair_at(9), token.tag_at(9)) == (5, 12, 10 * 0x030201, tag("a9"))


def test_the_longest_token_fits_an_event() -> None:
    """Contract: an event with the token of a list of any length is taken."""
    ones = np.ones((1, MAX_POSITIONS), np.int64)
    ruled: dict[str, Any] = {"feasible": 9 * ones, "acted": ones[0, :1], "variants": Drawn(ones, ones, {})}
    assert len(token_for("ann", [f"a{number}" for number in range(MAX_POSITIONS)], **ruled)) <= MAX_TOKEN_CHARS


def test_each_place_has_its_pair_and_an_empty_one_none() -> None:
    """Contract: what was scored for the activity there, up to the largest number; 0 where no activity stands."""
    pairs = np.array([[7, 2**24 - 1, 0x0A0B0C, 5]], np.uint32)
    token = verify(token_for("ann", ["a0", "a1", "a2"], order=np.array([[2, 0, 1, -1]]), pairs=pairs), "ann", KEYS)
    assert [token.pair_at(position) for position in range(6)] == [7, 2**24 - 1, 0x0A0B0C, 0, 0, 0]


def test_a_pair_of_ones_own_is_refused() -> None:
    """Contract: nobody tells the learner what he has to do with an activity: any other pair breaks the signature."""
    data = base64.urlsafe_b64decode(TOKEN + "==")
    for at in range(74, 104):
        for value in {0, 0xFF, data[at] + 1} - {data[at]}:
            changed = data[:at] + bytes([value]) + data[at + 1 :]
            assert refusal(base64.urlsafe_b64encode(changed).decode().rstrip("=")) is Reason.FOREIGN_TOKEN


@pytest.mark.parametrize("layout", [3, 4, 5])
@pytest.mark.parametrize("positions", [9, 10, 11])
def test_every_changed_bit_is_refused(positions: int, layout: int) -> None:
    """Contract: no bit is free to change, the last ones that stand for nothing included, whatever the list's length."""
    ones = np.ones((1, positions), np.int64)
    more: dict[str, Any] = {"feasible": 9 * ones, "acted": ones[0, :1]} if layout > 3 else {}
    more |= {"variants": Drawn(ones, ones, {})} if layout > 4 else {}
    token = token_for("ann", NAMES[:positions] + ["b"] * (positions - 10), **more)
    size = 44 + 6 * positions + 8 + (2 * positions + 1) * (layout > 3) + 3 * positions * (layout > 4)
    of_byte: dict[int, set[Reason]] = {}
    for place, character in enumerate(token):
        for bit in range(6):
            changed = ALPHABET[ALPHABET.index(character) ^ 32 >> bit]
            reason = refusal(token[:place] + changed + token[place + 1 :])
            of_byte.setdefault((6 * place + bit) // 8, set()).add(reason)
    assert set(of_byte) == set(range(size + (size % 3 > 0)))
    assert of_byte[0] == {Reason.BAD_TOKEN, Reason.FOREIGN_TOKEN}
    assert of_byte.get(size, {Reason.BAD_TOKEN}) == {Reason.BAD_TOKEN}
    assert all(of_byte[at] == {Reason.FOREIGN_TOKEN} for at in range(2, size))


def test_every_truncation_is_refused() -> None:
    assert {refusal(TOKEN[:length]) for length in range(len(TOKEN))} == {Reason.BAD_TOKEN}


@pytest.mark.parametrize("token", ["", "=", "é" * 150, "a b", "A" * 150, "/" * 150, TOKEN + "AAAA", TOKEN + "="])
def test_what_is_no_token_is_refused(token: str) -> None:
    assert refusal(token) is Reason.BAD_TOKEN


def test_a_token_has_one_spelling() -> None:
    """Contract: two tokens that are different texts are different tokens."""
    token = next(each for seq in range(99) if "-" in (each := token_for("ann", NAMES, seq=seq)))
    assert verify(token, "ann", KEYS)
    assert refusal(token.replace("-", "+")) is Reason.BAD_TOKEN


def test_a_token_of_another_user_or_key_is_foreign() -> None:
    """Contract: a token is worth nothing in other hands, and nothing signed with a withdrawn key counts."""
    assert refusal(TOKEN, "bob") is Reason.FOREIGN_TOKEN
    assert refusal(TOKEN, keys=TokenKeys({1: b"x" * 32}, 1)) is Reason.FOREIGN_TOKEN
    assert refusal(TOKEN, keys=TokenKeys({2: b"q" * 32}, 2)) is Reason.FOREIGN_TOKEN


def test_old_keys_stay_valid_while_they_are_listed() -> None:
    """Contract: keys rotate by key id."""
    assert verify(TOKEN, "ann", TokenKeys({1: b"k" * 32, 9: b"z" * 32}, 9)).version.seq == 1


def test_a_users_token_does_not_pass_as_the_popular_lists() -> None:
    data = bytearray(base64.urlsafe_b64decode(TOKEN + "=="))
    data[1] |= 0x80
    assert refusal(base64.urlsafe_b64encode(data).decode().rstrip("=")) is Reason.FOREIGN_TOKEN


def test_tokens_of_other_lists_differ() -> None:
    assert len({token_for("ann", NAMES, NOON_MS + at) for at in range(50)}) == 50
