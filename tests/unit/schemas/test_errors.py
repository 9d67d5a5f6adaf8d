import pickle

import pytest

from tideline.schemas.errors import (
    ConfigError,
    InvalidField,
    InvalidRecord,
    ModelError,
    Reason,
    TidelineError,
    Unavailable,
)


def test_a_reason_is_its_label_and_explains_itself_in_one_line() -> None:
    """Contract: label of the metric and the dead letter; the meaning is what the producer's contract says."""
    for reason in Reason:
        assert Reason(str(reason)) is reason
        assert str(reason).replace("_", "").isalnum()
        assert reason.meaning.endswith(".")
        assert "\n" not in reason.meaning


def test_only_well_formed_events_are_counted_without_a_dead_letter() -> None:
    counted = {reason for reason in Reason if reason.counted_only}
    assert counted == {Reason.LATE, Reason.DUPLICATE, Reason.ERASED}


def test_the_brake_counts_what_only_a_producer_can_get_wrong() -> None:
    """Contract: undecodable, another schema, a wrong key; nothing that depends on what a visitor sends."""
    assert {str(reason) for reason in Reason if reason.producer_fault} == {
        "empty", "missing_key", "key_mismatch", "bad_magic", "unknown_schema", "truncated", "bad_json", "wrong_shape"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (InvalidRecord(Reason.FUTURE, "too far"), "future: too far"),
        (InvalidField(Reason.BAD_ACTIVITY, "kind", "'x'", "coupon"), "bad_activity: kind='x'; allowed: coupon"),
        (Unavailable("redis", "refused"), "redis is unavailable: refused"),
        (ConfigError("slots", 0, "1..64"), "slots=0 cannot be used; allowed: 1..64"),
        (ModelError("sha256", "differs"), "model refused (sha256): differs"),
    ],
)
def test_an_error_reads_as_a_sentence_and_survives_pickling(error: TidelineError, text: str) -> None:
    """Contract: errors cross process borders with all they say."""
    copy = pickle.loads(pickle.dumps(error))  # noqa: S301 - made one line above
    assert str(copy) == str(error) == text
    assert vars(copy) == vars(error)


def test_an_error_s_first_argument_is_its_whole_sentence() -> None:
    """Contract: the bridge to Flink prints `args[0]` alone, so the advice must be in it."""
    error = ConfigError("redis_url", "***", "percent-encode the password")

    assert error.args[0] == str(error) == "redis_url='***' cannot be used; allowed: percent-encode the password"
    assert (error.key, error.value, error.allowed) == ("redis_url", "***", "percent-encode the password")
