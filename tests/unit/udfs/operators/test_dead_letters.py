"""Contract: no dead letter is one that Kafka could refuse; what was cut is said."""

from __future__ import annotations

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.udfs.core.policies.policy_start import TopicRecord
from tideline.udfs.operators.batch_rows import KEY_WAS_NULL, VALUE_WAS_NULL
from tideline.udfs.operators.dead_letters import (
    MAX_KEY_BYTES,
    MAX_VALUE_BYTES,
    Letter,
    counts_of,
    letter_of_record,
    packed,
)
from tideline.udfs.operators.metrics import COUNTERS

MESSAGE_MAX_BYTES = 1024 * 1024
_HEADERS_AND_BATCH = 16 * 1024


def test_a_record_as_large_as_kafka_takes_makes_a_letter_that_fits() -> None:
    """Contract: key, value, error and headers together stay below Kafka's 1 MiB."""
    error = InvalidRecord(Reason.TOO_LARGE, "x" * 50_000)
    for key, value in ((b"k" * 500_000, b"v" * 500_000), (b"k", b"v" * 1_048_000)):
        letter = letter_of_record(error, TopicRecord(1, key, value, 5), "clickstream")

        size = len(letter.key) + len(letter.value) + len(letter.error.encode())
        assert size < MESSAGE_MAX_BYTES - _HEADERS_AND_BATCH
        assert key.startswith(letter.key)
        assert value.startswith(letter.value)
        assert "kept are the first" in letter.error


def test_a_record_of_usual_size_is_kept_byte_for_byte() -> None:
    key, value = b"k" * MAX_KEY_BYTES, b"v" * MAX_VALUE_BYTES
    letter = letter_of_record(InvalidRecord(Reason.BAD_JSON, "why"), TopicRecord(1, key, value, 5), "clickstream")

    assert (letter.key, letter.value, letter.error) == (key, value, "why")


def test_letters_count_by_reason_in_all_and_by_whose_fault_they_are() -> None:
    """Contract: what one batch adds to the counters is declared, and the sum over reasons is the number of letters."""
    reasons = [Reason.BAD_JSON, Reason.BAD_JSON, Reason.QUARANTINED]
    record = TopicRecord(1, b"k", b"v", 5)
    counts = counts_of([letter_of_record(InvalidRecord(each, "why"), record, "clickstream") for each in reasons])

    assert counts == {
        "dead_letters": 3,
        "dead_letters_producer_fault": 2,
        "dead_letter_bad_json": 2,
        "dead_letter_quarantined": 1,
    }
    assert counts.keys() <= COUNTERS.keys()


def test_a_letter_in_the_row_says_what_was_not_there() -> None:
    """Contract: an absent key or value and an empty one are two things, and the flags are not part of the partition."""
    letter = Letter(b"", b"v", "bad_json", "zu früh", "clickstream", 3 | KEY_WAS_NULL, 2**40, 1_795_000_000_000)
    fields = [b"bad_json", "zu früh".encode(), b"clickstream", b"3", b"1099511627776", b"1795000000000"]

    assert packed(letter) == [b"", b"v", *fields, b"", b"1"]
    assert packed(letter._replace(partition=3 | VALUE_WAS_NULL))[-2:] == [b"1", b""]
    assert packed(letter._replace(partition=3))[-2:] == [b"1", b"1"]
