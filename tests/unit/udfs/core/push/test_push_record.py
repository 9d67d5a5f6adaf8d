"""Records of decision points, and the log they are."""

from __future__ import annotations

from io import BytesIO
from itertools import permutations
from pathlib import Path

import fastavro
import pytest

from tests.support.push_shard import AGREED, DAY_MS, PushEvent, candidates_of, played
from tideline.schemas.errors import InvalidRecord
from tideline.schemas.registry import shipped
from tideline.udfs.core.push.push_choice import Candidate, Decided, Point, PushTerms, Why, decide_point
from tideline.udfs.core.push.push_record import Made, PushRecord, decode_push, encode_push, log_of, record_of
from tideline.udfs.core.push.push_user import NOBODY, push_id

KEPT = Path(__file__).parents[4] / "golden"
GOLDEN, FORMER = KEPT / "push_v2.bin", KEPT / "push_v1.bin"
MADE = Made(1_795_772_100_000, 1_795_772_130_000, 0.9375, 3, 4_711, b"\x5a\x80\x7f")
WHOLE = PushRecord(
    push_id=push_id("u42", 20_784, 0),
    user_id="u42",
    sent=True,
    activity_id="c08-0042",
    also=("bread", "tea"),
    due_ms=1_795_772_100_000,
    told_ms=1_795_772_130_000,
    expires_ms=1_795_779_300_000,
    must=False,
    chance=230,
    value=0.0125,
    price=0.0,
    recent=2,
    hour_chance=0.9375,
    encoder_version=3,
    policy_version=4_711,
    x=b"\x5a\x80\x7f",
    item_id="assam-250",
    channel="email",
    variant_share=0.75,
)
UNNAMED = WHOLE._replace(item_id=None, channel=None, variant_share=None)


def test_wire_bytes_of_version_2_are_written_and_read() -> None:
    """Contract: the golden file, byte for byte; of what is not named a byte each."""
    assert encode_push(WHOLE) == GOLDEN.read_bytes()
    assert decode_push(GOLDEN.read_bytes()) == WHOLE
    assert encode_push(UNNAMED)[5:] == FORMER.read_bytes()[5:] + bytes(3)


def test_wire_bytes_of_version_1_are_read() -> None:
    """Contract: the golden file that the builds before wrote; it names no item and no channel."""
    assert decode_push(FORMER.read_bytes()) == UNNAMED


def test_who_reads_by_the_schema_of_version_1_reads_what_is_written_now() -> None:
    """Contract: by resolution, without what that version does not know."""
    kept = {each.version: each for each in shipped().versions_of("push")}
    written = BytesIO(encode_push(WHOLE)[5:])
    found = fastavro.schemaless_reader(written, kept[2].parsed, kept[1].parsed)
    assert found == fastavro.schemaless_reader(BytesIO(FORMER.read_bytes()[5:]), kept[1].parsed, None)


def test_a_record_has_the_fields_of_its_schema() -> None:
    """Contract: in their order, so that a page and a table have one order."""
    assert tuple(each["name"] for each in shipped().current["push"]["fields"]) == PushRecord._fields


@pytest.mark.parametrize(
    "damage", [b"", b"{}", b"\x00\x00\x00\x00\x63", GOLDEN.read_bytes()[:-1], GOLDEN.read_bytes() + b"x"]
)
def test_what_is_no_record_is_refused(damage: bytes) -> None:
    with pytest.raises(InvalidRecord):
        decode_push(damage)


def test_a_decision_becomes_a_record_and_what_was_not_drawn_none() -> None:
    """Contract: sent, withheld and what must be sent alike; a refusal is counted elsewhere."""
    terms = PushTerms(day=1, week=2, price=0, salt=5, known=True)
    kinds = set()
    for number in range(60):
        point = Point(f"u{number}", 20_784, 2**50)
        _, decided = decide_point(NOBODY, AGREED, point, candidates_of(point.user_id, 20_784), terms)
        found = record_of(point, decided, MADE)
        kinds.add(decided.why)
        assert (found is None) == (decided.push_id is None)
        if found:
            assert decode_push(encode_push(found)) == found
            assert (found.sent, found.chance, found.must) == (decided.sent, decided.chance, False)
            assert (found.activity_id, *found.also) == decided.activities
            assert found.value * 2**24 == decided.value
    assert kinds == {Why.SENT, Why.WITHHELD, Why.HELD_OUT}
    _, decided = decide_point(NOBODY, AGREED, Point("u1", 1, 1), [Candidate("m", -5, must=True)], terms)
    must = record_of(Point("u1", 1, 1), decided, MADE)
    assert must is not None
    assert (must.must, must.chance, must.sent) == (True, 256, True)
    assert record_of(Point("u1", 1, 1), Decided(Why.QUIET), MADE) is None


def test_a_log_has_each_point_once_in_any_order() -> None:
    """Contract: of two records of one id the first told counts; what must be sent could not have gone otherwise."""
    again = WHOLE._replace(told_ms=WHOLE.told_ms + 60_000, sent=False, chance=8, value=-1.0)
    earlier = WHOLE._replace(push_id=push_id("u7", 20_783, 0), user_id="u7", due_ms=5, value=-0.5, sent=False)
    must = WHOLE._replace(push_id=push_id("u8", 20_784, 0), must=True, chance=256)
    for order in permutations([WHOLE, again, earlier, must, WHOLE]):
        found = log_of(order, {WHOLE.push_id: 3.5})
        assert [column.tolist() for column in found] == [
            [1, 0],
            [False, True],
            [230, 230],
            [-(2**23), round(0.0125 * 2**24)],
            [0.0, 3.5],
        ]
    assert log_of([], {}).user.size == 0


def test_all_that_a_shard_tells_has_one_record_a_slot() -> None:
    """Contract: nobody has two records of one id in a course without restores."""
    events = [PushEvent(20_000 * DAY_MS + at * DAY_MS // 7, f"u{at % 5}") for at in range(60)]
    told = played(events, [3])
    records = [record_of(Point(each.user_id, each.at_ms // DAY_MS, 1), each.decided, MADE) for each in told]
    drawn = [each for each in records if each]
    assert len(drawn) > 10
    assert len({each.push_id for each in drawn}) == len(drawn) == log_of(drawn, {}).user.size
