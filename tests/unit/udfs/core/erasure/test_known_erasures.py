"""Who was erased, as the topic of erasures says."""

from __future__ import annotations

import pytest

from tests.support.core_world import KEYS, NOON_MS
from tideline.schemas.records import ERASURE
from tideline.udfs.core.erasure import known_erasures
from tideline.udfs.core.erasure.known_erasures import NOBODY, KnownErasures, erasure_record, user_hash
from tideline.udfs.core.lists.token_keys import TokenKeys

FORMER = TokenKeys(KEYS.secrets, 2)


def test_the_users_of_records_are_known_and_nobody_else_is() -> None:
    """Contract: of two records of a user the later erasure, under whatever secret; others were never erased."""
    records = [erasure_record(f"u{n}", NOON_MS + n, "op", KEYS) for n in range(500)]
    records.append(erasure_record("u7", NOON_MS + 9_000, "op", FORMER))
    records.append(erasure_record("u8", NOON_MS - 9_000, "op", KEYS))
    known = KnownErasures.of(records, KEYS)
    users = [f"u{n}" for n in range(600)]
    expected = [NOON_MS + n if n < 500 else 0 for n in range(600)]
    expected[7] = NOON_MS + 9_000
    assert known.up_to(users).tolist() == expected
    assert (bool(known), known.refused, known.up_to([]).tolist()) == (True, 0, [])


def test_a_user_asked_for_again_is_answered_the_same_and_is_not_hashed_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Contract: erased or not, however often and in whatever company; of who was not, no hash is made again."""
    known = KnownErasures.of([erasure_record(f"u{n}", NOON_MS + n, "op", KEYS) for n in range(0, 300, 3)], KEYS)
    users = [f"u{n}" for n in range(300)]
    expected = [0 if n % 3 else NOON_MS + n for n in range(300)]
    for _ in range(3):
        assert known.up_to(users).tolist() == expected
        assert known.up_to(users[::-1]).tolist() == expected[::-1]
    many = [f"other-{n}" for n in range(200_001)]
    assert not known.up_to(many).any()
    assert known.up_to(users).tolist() == expected
    hashed: list[str] = []

    def counted(user: str, secret: bytes) -> bytes:
        hashed.append(user)
        return user_hash(user, secret)

    monkeypatch.setattr(known_erasures, "user_hash", counted)
    known.up_to(users)
    assert hashed == users[::3]


def test_erasures_of_before_a_moment_are_left_out() -> None:
    """Contract: exactly those; they are not refused ones."""
    records = [erasure_record(f"u{n}", NOON_MS + n, "op", KEYS) for n in range(10)]
    known = KnownErasures.of(records, KEYS, since_ms=NOON_MS + 4)
    assert known.up_to([f"u{n}" for n in range(10)]).tolist() == [0] * 4 + [NOON_MS + n for n in range(4, 10)]
    assert known.refused == 0
    assert not KnownErasures.of(records, KEYS, since_ms=NOON_MS + 10)


def test_a_record_names_neither_the_user_nor_who_ordered_it() -> None:
    """Contract: keyed hashes alone, the same for the same one; another secret gives others."""
    key, value = erasure_record("user-4711", NOON_MS, "operator@host", KEYS)
    assert key == bytes([1]) + user_hash("user-4711", KEYS.secrets[1])
    assert b"4711" not in key + value
    assert ERASURE.decode(value) == {"erased_ms": NOON_MS, "by": user_hash("operator@host", KEYS.secrets[1]).hex()}
    assert erasure_record("user-4711", NOON_MS, "operator@host", FORMER)[0][1:] != key[1:]


def test_a_record_s_bytes_stay_as_they_are() -> None:
    """Contract: the topic is kept for ever, and every build reads it."""
    key, value = erasure_record("u42", NOON_MS, "operator", TokenKeys({7: b"s" * 32}, 7))
    assert key.hex() == "07" + KEY_OF_U42
    assert value.hex() == VALUE_OF_U42


KEY_OF_U42 = "dac4f13d53fa9a6784aa937e4cbfb76e"
VALUE_OF_U42 = "000000001b80a0abfef962403639663139346661336461353930663032646337353864613763393262623964"


GOOD = erasure_record("other", NOON_MS, "op", KEYS)[1]


@pytest.mark.parametrize(
    "record",
    [
        (None, GOOD),
        (b"", GOOD),
        (b"\x01" + b"a" * 15, GOOD),
        (b"\x09" + b"a" * 16, GOOD),
        *((b"\x01" + b"a" * 16, value) for value in (b"", b"{}", b"\xff", GOOD[:-1], GOOD + b"x", GOOD[:5])),
        *((b"\x01" + b"a" * 16, ERASURE.encode({"erased_ms": ms, "by": ""})) for ms in (5, -1, 2**60)),
    ],
)
def test_what_cannot_be_read_is_counted_and_keeps_nothing_out(record: tuple[bytes | None, bytes | None]) -> None:
    """Contract: also one under a secret that is gone; a good record beside it counts."""
    known = KnownErasures.of([record, erasure_record("u", NOON_MS, "op", KEYS)], KEYS)
    assert (known.refused, known.up_to(["u"]).tolist()) == (1, [NOON_MS])


def test_a_record_without_value_takes_an_erasure_back() -> None:
    """Contract: as compaction removes it; then nobody was."""
    key, value = erasure_record("u", NOON_MS, "op", KEYS)
    assert not KnownErasures.of([(key, value), (key, None)], KEYS)
    assert not NOBODY
    assert NOBODY.up_to(["u"]).tolist() == [0]
