"""How much of the policy topic a ranker reads at its start, and that it is enough."""

from __future__ import annotations

from random import Random

import pytest

from tests.support.policy_log import MemoryLog
from tideline.udfs.core.learning.turn import turn
from tideline.udfs.core.policies.arm_key import COSTS_KEY, PRIOR_ID, PUSH_KEY, ArmKey, RowKey
from tideline.udfs.core.policies.fence import Claim
from tideline.udfs.core.policies.policy_start import Publication, TopicRecord, last_record, read_start

_MINUTE_MS = 60_000
_KEYS = (b"3|a", b"3|b", b"3|c", b"3|*")


def publications(count: int, every_ms: int, from_ms: int = 0, first: int = 0) -> list[TopicRecord]:
    """Return publications of one row and the prior; each row comes in its turn."""
    found: list[TopicRecord] = []
    for number in range(count):
        at_ms = from_ms + number * every_ms
        for key in (_KEYS[number % 3], _KEYS[3]):
            found.append(TopicRecord(first + len(found), key, b"%d" % at_ms, at_ms))
    return found


def newest(records: list[TopicRecord]) -> dict[bytes | None, int]:
    return {record.key: record.offset for record in records}


def test_the_last_fifteen_minutes_of_a_long_topic_are_enough() -> None:
    """Contract: each key's newest row is there, and hardly more than those minutes are read."""
    topic = publications(50_000, 2_000)
    log = MemoryLog(topic)
    start = read_start(log, 2_000)
    assert newest(start.records) == newest(topic)
    assert start.records == sorted(start.records)
    assert (start.end, start.newest_ms, start.whole) == (100_000, topic[-1].timestamp_ms, False)
    assert log.read <= 2 * (15 * 30 + 2)


def test_a_few_former_rows_of_a_key_are_kept_and_no_more() -> None:
    """Contract: what a table keeps, so that memory does not grow with the rate of publication."""
    records = read_start(MemoryLog(publications(50_000, 2_000)), 2_000).records
    assert [sum(record.key == key for record in records) for key in _KEYS] == [65] * 4


def test_time_in_which_nothing_was_published_does_not_count() -> None:
    """Contract: a learner that was down for a day and worked for a minute has not published every row again."""
    before = publications(600, 2_000)
    before.insert(0, TopicRecord(0, b"3|rare", b"", 0))
    topic = [record._replace(offset=at) for at, record in enumerate(before)]
    rare = TopicRecord(len(topic), b"3|rare", b"", topic[-1].timestamp_ms)
    later = publications(30, 2_000, rare.timestamp_ms + 1_440 * _MINUTE_MS, rare.offset + 1)
    start = read_start(MemoryLog([*topic, rare, *later]), 2_000)
    assert newest(start.records)[b"3|rare"] == rare.offset


@pytest.mark.parametrize("key", [COSTS_KEY, PUSH_KEY])
def test_what_is_published_without_feedback_is_no_work(key: bytes) -> None:
    """Contract: lists are made every second and seen once a minute; every row is found all the same.

    So it is with costs of rules, and with what is known of messages.
    """
    rows = publications(300, _MINUTE_MS)
    rows.insert(0, TopicRecord(0, b"3|rare", b"", 0))
    costs = [TopicRecord(0, key, b"", at_ms) for at_ms in range(1_000, 300 * _MINUTE_MS, 2_000)]
    merged = sorted([*rows, *costs], key=lambda record: record.timestamp_ms)
    topic = [record._replace(offset=at) for at, record in enumerate(merged)]
    start = read_start(MemoryLog(topic), 2_000)
    assert newest(start.records) == newest(topic)
    assert start.newest_ms == topic[-1].timestamp_ms


def test_claims_are_read_at_a_start_and_are_no_work_and_no_last_row() -> None:
    """Contract: those of many submissions leave no row out; where nothing else is there, they are found as well."""
    rows = publications(300, _MINUTE_MS)
    rows.insert(0, TopicRecord(0, b"3|rare", b"", 0))
    claims = [TopicRecord(0, Claim(at, "a").key, None, at * _MINUTE_MS + 7_000) for at in range(310)]
    merged = sorted([*rows, *claims], key=lambda record: record.timestamp_ms)
    topic = [record._replace(offset=at) for at, record in enumerate(merged)]
    start = read_start(MemoryLog(topic), 2_000)
    assert newest(start.records) == newest(topic)
    last = last_record(MemoryLog(topic), len(topic), claims=False)
    assert last == max(record for record in topic if record.value is not None)

    alone = [record._replace(offset=at) for at, record in enumerate(claims)]
    assert read_start(MemoryLog(alone), 2_000).records == alone
    assert last_record(MemoryLog(alone), len(alone), claims=False) is None


def test_publications_that_are_far_apart_are_read_farther_back() -> None:
    """Contract: one feedback in three minutes is one turn of rows in three minutes."""
    topic = publications(2_000, 180_000)
    rare = [TopicRecord(-1, b"3|rare", b"", topic[-2 * 300].timestamp_ms)]
    topic[-2 * 300 : -2 * 300] = rare
    topic = [record._replace(offset=at) for at, record in enumerate(topic)]
    assert newest(read_start(MemoryLog(topic), 2_000).records) == newest(topic)


def test_a_short_topic_is_read_whole() -> None:
    topic = publications(40, 2_000)
    start = read_start(MemoryLog(topic), 2_000)
    assert (start.records, start.whole) == (topic, True)
    assert read_start(MemoryLog([]), 2_000) == ([], 0, 0, True, True)


def test_without_a_prior_everything_is_read() -> None:
    """Contract: rows without the prior that ends their publication are no state of the policy."""
    topic = [TopicRecord(at, b"3|a", b"", at * 1_000) for at in range(1, 5_000)]
    topic.insert(0, TopicRecord(0, b"3|*", b"", 0))
    assert newest(read_start(MemoryLog(topic), 2_000).records) == {b"3|*": 0, b"3|a": 4_999}


def test_a_topic_that_was_compacted_or_begins_later_is_not_whole() -> None:
    """Contract: what compaction took is not known to have never been there."""
    topic = publications(40, 2_000)
    assert not read_start(MemoryLog([*topic[:3], *topic[5:]]), 2_000).whole
    assert not read_start(MemoryLog(topic[3:]), 2_000).whole


def test_what_may_have_lost_a_row_says_so() -> None:
    """Contract: complete with every offset of the work in which all rows are renewed, whatever was before that."""
    topic = publications(2_000, 2_000)
    assert read_start(MemoryLog(topic), 2_000).complete
    assert read_start(MemoryLog(topic[100:]), 2_000).complete, "older ones are not needed"
    assert not read_start(MemoryLog(topic[-100:]), 2_000).complete
    assert not read_start(MemoryLog([*topic[:-9], *topic[-8:]]), 2_000).complete
    assert read_start(MemoryLog(topic), 2_000, pinned=1_500).complete


def test_offsets_without_a_record_at_the_end_do_not_hide_the_rows_before_them() -> None:
    """Contract: a transaction's markers have offsets too."""
    topic = publications(50_000, 2_000)
    start = read_start(MemoryLog(topic, end=100_050), 2_000)
    assert (newest(start.records), start.end) == (newest(topic), 100_050)


def test_a_clock_that_was_wrong_once_makes_it_read_more_and_not_less() -> None:
    """Contract: a last record years ahead does not leave the others out."""
    topic = publications(2_000, 2_000)
    last = TopicRecord(4_000, b"3|*", b"", 10**13)
    start = read_start(MemoryLog([*topic, last]), 2_000)
    assert newest(start.records) == newest([*topic, last])


def test_a_pinned_version_has_its_own_range() -> None:
    """Contract: the rows up to the pinned offset, from 15 minutes of work before it."""
    topic = publications(50_000, 2_000)
    log = MemoryLog(topic)
    start = read_start(log, 2_000, 40_001)
    assert newest(start.records) == newest(topic[:40_002])
    assert (start.end, log.read <= 2 * (15 * 30 + 2)) == (40_002, True)


def test_a_shop_without_feedback_for_hours_leaves_a_start_with_every_row() -> None:
    """Contract: rows are renewed by the learner's work and found by its work, so no quiet time hides one."""
    begins = []
    for seed in range(4):
        topic = quiet_shop(Random(seed))
        start = read_start(MemoryLog(topic), 2_000)
        assert {record.key for record in start.records} == {record.key for record in topic}
        begins.append(start.records[0].offset)
    assert max(begins) > 0


def quiet_shop(random: Random) -> list[TopicRecord]:
    """What a learner publishes that often has nothing to learn for up to two hours."""
    arms, now_ms = [ArmKey(1, f"a{number:03}") for number in range(300)], 1_700_000_000_000
    after: ArmKey | None = None
    topic: list[TopicRecord] = []
    for _ in range(1_500):
        now_ms += 2_000 if random.random() < 0.8 else random.randrange(2_000, 120 * _MINUTE_MS)
        due = turn(arms, after, 2_000)
        after = due[-1]
        for arm in [*due, random.choice(arms), ArmKey(1, PRIOR_ID)]:
            topic.append(TopicRecord(len(topic), RowKey(arm).value, b"", now_ms))
    return topic


def test_rows_of_a_publication_are_applied_with_the_prior_that_ends_it() -> None:
    """Contract: in the order of the topic, each once; between publications nothing waits."""
    topic = [TopicRecord(at, _KEYS[at % 4], b"", 0) for at in range(12)]
    publication = Publication()

    found = [publication.ended(record) for record in topic]

    assert [len(each) for each in found] == [0, 0, 0, 4] * 3
    assert [record for each in found for record in each] == topic


@pytest.mark.parametrize("key", [b"ledger|tea-10", b"ledger|*", COSTS_KEY, PUSH_KEY, b"sums|3|a", b"no key", None])
def test_what_is_no_row_of_an_arm_waits_for_nothing(key: bytes | None) -> None:
    """Contract: a standing is a stop that readers are told of at once; what came before it is applied before it."""
    publication = Publication()
    row, other = TopicRecord(7, b"3|a", b"", 0), TopicRecord(8, key, b"", 0)

    assert publication.ended(row) == []
    assert publication.ended(other) == [row, other]
    assert publication.ended(other) == [other]


def test_rows_of_a_trial_s_regression_end_with_its_own_prior() -> None:
    regression = "none:ridge=2.0"
    rows = [RowKey(ArmKey(3, name), regression).value for name in ("a", PRIOR_ID)]
    publication = Publication()
    assert [len(publication.ended(TopicRecord(at, key, b"", 0))) for at, key in enumerate(rows)] == [0, 2]


def test_rows_without_a_prior_do_not_wait_without_end() -> None:
    """Contract: at most as many as a ranker keeps of a topic's start wait."""
    publication = Publication()
    found = [publication.ended(TopicRecord(at, b"3|a", b"", 0)) for at in range(50_000)]
    assert max(map(len, found)) == 20_000
    assert sum(map(len, found)) == 40_000
