"""100,000 mutated records and tokens: each is applied, refused or counted; none is forged, none breaks the job.

Another hunt: TIDELINE_SEED=7 pytest tests/unit/udfs/core/serving/test_mutated_records.py
"""

from __future__ import annotations

import os
import random

from tests.support.core_world import KEYS, NOON_MS, activity, make_ranker, token_for
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.core.serving.engine import Records, process

SEED = int(os.environ.get("TIDELINE_SEED", "1"))
RECORDS, TOKENS, AT_ONCE = 60_000, 40_000, 1_000
NAMES = [f"act-{number}" for number in range(6)]
USERS = ["u-1", "ü 2", "u:3"]
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
_HOSTILE = (
    b"\x00",
    b"\xff",
    b"\x80",
    b"\xed\xa0\x80",
    b'"',
    b"\\",
    b"\\ud800",
    b"{",
    b"]",
    b"1e999",
    b"-0",
    b"null",
    b"\n",
)


def mutated(whole: bytes, other: bytes, rng: random.Random) -> bytes:
    """Return a value with one to three injuries: changed, cut, doubled, hostile bytes put in, spliced."""
    value = bytearray(whole)
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(value) + 1)
        match rng.randrange(6):
            case 0:
                value[at : at + 1] = bytes([rng.randrange(256)])
            case 1:
                del value[at : at + rng.randint(1, 9)]
            case 2:
                value[at:at] = value[at : at + rng.randint(1, 40)]
            case 3:
                value[at:at] = rng.choice(_HOSTILE) * rng.choice((1, 1, 1, 300))
            case 4:
                value[at:] = other[rng.randrange(len(other)) :]
            case _:
                value[at : at + 8] = rng.randbytes(8)
    return bytes(value)


def sound_records(tokens: dict[str, str]) -> list[tuple[str, bytes]]:
    """Return (user, value) of every type of event, as JSON and as Avro."""
    found: list[tuple[str, bytes]] = []
    for user in USERS:
        for kind in EventType:
            event = Event("e-1", user, kind, NOON_MS, "i-4", "tea", 2.5, 3)
            if kind >= EventType.IMPRESSION:
                event = Event(
                    "e-2", user, kind, NOON_MS, activity_id=NAMES[1], token=tokens[user], position=1, value=9.5
                )
            found += [(user, encode_event(event)), (user, encode_event(event, as_json=True))]
    return found


def test_mutated_records_are_applied_refused_or_counted_and_teach_no_foreign_name() -> None:
    """Contract: no traceback; each refusal has a reason; what is learned bears a name of the list it was shown in."""
    rng = random.Random(SEED)
    ranker = make_ranker([activity(name) for name in NAMES])
    sound = sound_records({user: token_for(user, NAMES) for user in USERS})
    states: dict[str, bytes] = {}
    refused = 0
    for _ in range(RECORDS // AT_ONCE):
        keys: list[bytes | None] = []
        values: list[bytes | None] = []
        for _ in range(AT_ONCE):
            user, whole = rng.choice(sound)
            value = mutated(whole, rng.choice(sound)[1], rng)
            keys.append(user.encode() if rng.random() < 0.95 else rng.choice([None, b"", b"\xff", value[:9]]))
            values.append(value if rng.random() < 0.99 else None)
        outcome = process(
            Records(keys, values, [NOON_MS] * AT_ONCE), lambda users: [states.get(u) for u in users], ranker
        )
        states.update(zip(outcome.users, outcome.states, strict=True))
        refused += len(outcome.dead)
        assert {each.error.reason for each in outcome.dead} <= set(Reason), SEED
        assert {each.activity_id for each in outcome.feedback} <= {NAMES[1]}, SEED
    assert refused > RECORDS // 2


def test_no_mutated_token_is_accepted() -> None:
    """Contract: a token with any character changed, added, lost or swapped is bad or foreign; nobody else's is good."""
    rng = random.Random(SEED + 1)
    mine = {user: token_for(user, NAMES) for user in USERS}
    for _ in range(TOKENS):
        user, owner = rng.choice(USERS), rng.choice(USERS)
        token = list(mine[owner])
        for _ in range(rng.randint(0, 3)):
            at = rng.randrange(len(token))
            match rng.randrange(4):
                case 0:
                    token[at] = rng.choice(_ALPHABET)
                case 1:
                    token[at : at + rng.randint(1, 4)] = []
                case 2:
                    token.insert(at, rng.choice([*_ALPHABET, "=", "\n", "é", "\x00"]))
                case _:
                    other = rng.choice(list(mine.values()))
                    token[at:] = other[at:]
        try:
            verify("".join(token), user, KEYS)
        except InvalidRecord:
            continue
        assert "".join(token) == mine[user], SEED
