"""Contract: every record of a batch has exactly one fate, the one that lists and counters say."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tests.support.core_world import KEYS, NOON_MS, ArithmeticEncoder, make_ranker
from tests.support.engine_runs import ranking_world
from tests.support.malformed import many_refused
from tests.support.oracle import Oracle, Recorded
from tests.support.traffic import Message, Scenario, interleave, make_activities, make_events, messages, with_duplicates
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.erasure.erase_order import erase_order
from tideline.udfs.core.serving.batches.fates import (
    ACCEPTED,
    PASSED_OVER,
    Fates,
    MadeBy,
    decode_fates,
    encode_fates,
    fates_of,
    made_by,
)
from tideline.udfs.core.serving.engine import Records, process
from tideline.udfs.core.serving.ranker_state import RankerState

_GOLDEN = Path(__file__).parents[5] / "golden" / "tally_v1.bin"
_SUMS: Fates = {1: Counter(accepted=9), 0: Counter(late=1, accepted=3, bad_json=2)}
_PARTITIONS = 3


class Shop:
    """Users' states, and the fates of all records so far."""

    def __init__(self, ranker: RankerState) -> None:
        self.ranker, self.states, self.fates = ranker, dict[str, bytes](), Fates()

    def apply(self, batch: list[Recorded]) -> Fates:
        """Process a batch; return the fates of its records."""
        records = Records([r.key for r in batch], [r.value for r in batch], [r.timestamp_ms for r in batch])
        outcome = process(records, lambda users: [self.states.get(user) for user in users], self.ranker)
        self.states.update(zip(outcome.users, outcome.states, strict=True))
        found = fates_of(outcome, [r.partition for r in batch])
        for partition, counts in found.items():
            self.fates.setdefault(partition, Counter()).update(counts)
        return found


def recorded(sent: list[Message]) -> list[Recorded]:
    """Return messages as a topic has them, a user's in one partition."""
    return [
        Recorded(sum(each.key or b"") % _PARTITIONS, at, each.key, each.value, NOON_MS) for at, each in enumerate(sent)
    ]


@pytest.mark.parametrize("size", [1, 7, 400, 10_000])
def test_fates_are_what_the_versions_of_lists_say(size: int) -> None:
    """Contract: whatever the batches: accepted by the oracle's list versions, and each dead letter by its reason."""
    ranker = make_ranker()
    activities = make_activities(60, NOON_MS)
    oracle = Oracle(ranker.settings, ranker.encoder)
    oracle.set_activities(activities)
    users = [f"u-{number:05d}" for number in range(40)]
    events = make_events(Scenario(5, 60, 1_500, activities, KEYS, NOON_MS - 6 * 3_600_000))
    told, repeated = with_duplicates(events, 0.1, 3)
    bad = many_refused(60, users, NOON_MS, KEYS, "a004")
    now = recorded(interleave(messages(told), [each.message for each in bad], 9))
    shop = Shop(oracle.ranker)
    for start in range(0, len(now), size):
        shop.apply(now[start : start + size])
    oracle.apply_one_by_one(now)

    expected = oracle.accounted()
    whole = sum(shop.fates.values(), Counter[str]())
    assert whole[ACCEPTED] == expected["accepted"] > 1_000
    assert whole["duplicate"] == expected["duplicate"] == repeated > 50
    assert whole["late"] == expected["late"]
    assert whole == Counter(accepted=whole[ACCEPTED], duplicate=repeated, late=whole["late"]) + Counter(
        str(each.reason) for each in bad
    )
    sent = Counter(record.partition for record in now)
    assert {partition: counts.total() for partition, counts in shop.fates.items()} == sent


def test_a_record_that_is_late_told_twice_or_of_before_an_erasure_is_that_one() -> None:
    """Contract: the fate is of its record's partition, also in turns; no reason that is only counted has none."""

    def view(name: str, ts_ms: int, user: str = "u") -> bytes:
        return encode_event(Event(name, user, EventType.VIEW, ts_ms, item_id="i", category="tea"))

    def fates(*values: bytes, user: str = "u") -> Fates:
        return shop.apply([Recorded(at, 0, user.encode(), value, 2**50) for at, value in enumerate(values)])

    shop = Shop(ranking_world(ArithmeticEncoder()))
    many = [view(f"e{at}", NOON_MS + at * 60_000) for at in range(1, 40)]
    fates(*many)
    old, again, new = view("old", NOON_MS), many[-1], view("new", NOON_MS + 4_000_000)
    assert fates(old, again, new) == {0: {"late": 1}, 1: {"duplicate": 1}, 2: {"accepted": 1}}
    otherwise = view("e39", NOON_MS + 1)
    assert fates(view("twin", NOON_MS + 5_000_000), view("twin", NOON_MS + 5_000_001), otherwise) == {
        0: {"accepted": 1}, 1: {"duplicate": 1}, 2: {"duplicate": 1}
    }  # fmt: skip
    order = encode_event(erase_order("u", NOON_MS + 6_000_000, KEYS))
    after = view("back", NOON_MS + 7_000_000)
    assert fates(view("more", NOON_MS + 5_500_000), order, new, after, b"?") == {
        0: {"accepted": 1}, 1: {"accepted": 1}, 2: {"erased": 1}, 3: {"accepted": 1}, 4: {"bad_magic": 1}
    }  # fmt: skip
    met = {fate for counts in shop.fates.values() for fate in counts}
    assert met >= {str(reason) for reason in Reason if reason.counted_only}


def test_sums_are_bytes_of_a_version() -> None:
    """Contract: the golden file, byte for byte; the head is a list's, more records are newer."""
    payload = encode_fates(_SUMS, 3)
    assert payload == _GOLDEN.read_bytes()
    assert decode_fates(payload) == _SUMS
    assert payload.startswith(b'{"v":[3,0,15],')
    for other, told in (
        (payload.replace(b'"f":1', b'"f":2'), "2"),
        (b"[1]", "None"),
        (b'"f"', "None"),
        (b"{}", "None"),
    ):
        with pytest.raises(ValueError, match=f"sums of records of format {told}"):
            decode_fates(other)


def test_lists_say_what_they_were_made_by() -> None:
    """Contract: beside the same sums; who did not say so is not taken for anybody."""
    payload = encode_fates(_SUMS, 3, MadeBy("policy-short"))
    assert (decode_fates(payload), made_by(payload)) == (_SUMS, MadeBy("policy-short"))
    some = encode_fates(_SUMS, 3, MadeBy("policy", "1/16", "caps"))
    assert (decode_fates(some), made_by(some)) == (_SUMS, MadeBy("policy", "1/16", "caps"))
    assert payload.startswith(b'{"v":[3,0,15],')
    assert made_by(encode_fates(_SUMS, 3)) == made_by(b'{"f":1,"t":5}') == MadeBy()


def test_a_reason_is_no_other_fate() -> None:
    """Contract: what is accepted, or of a user nobody asked for, has a name that no reason has."""
    assert not {ACCEPTED, PASSED_OVER} & {str(reason) for reason in Reason}
