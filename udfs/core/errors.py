"""What can go wrong, and what is done about it.

TidelineError
 +-- InvalidEvent(reason, detail)        the record is bad: dead letter or counter, never retried
 +-- Unavailable(target, detail)         the world is bad: retry with back-off, then raise and let Flink restart
 +-- ConfigError(key, value, allowed)    a setting is bad: refused before submission
 +-- ModelError(reason, detail)          an artefact is bad: refused, the one in use stays
"""

from enum import StrEnum


class Reason(StrEnum):
    """Why a record was not applied; the same text is metric label and dead-letter header `reason`.

    `meaning` is one line for people. `counted_only` is true where the record is well formed and is
    merely not applied: it raises a counter and makes no dead letter.
    """

    meaning: str
    counted_only: bool

    def __new__(cls, label: str, meaning: str = "", counted_only: bool = False) -> "Reason":
        """Make a member whose value is `label` alone, so that `Reason("late")` finds it."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        member.counted_only = counted_only
        return member

    EMPTY = "empty", "The record has no value or a value of 0 bytes."
    TOO_LARGE = "too_large", "The value is over 64 KiB; it was not parsed."
    MISSING_KEY = "missing_key", "The record has no key, so it belongs to no user."
    KEY_MISMATCH = "key_mismatch", "The record key is not the user_id inside the value."
    BAD_MAGIC = "bad_magic", "The first byte is neither 0x00 (Avro) nor an opening brace (JSON)."
    UNKNOWN_SCHEMA = "unknown_schema", "The schema id after the magic byte is not a kept version of this record."
    TRUNCATED = "truncated", "The Avro body does not fit its schema: it ends early, has bytes left or a bad index."
    BAD_JSON = "bad_json", "The value starts like JSON and is not a JSON object."
    BAD_UTF8 = "bad_utf8", "The key, the value or a string inside it is not UTF-8."
    NOT_FINITE = "not_finite", "A number is NaN or infinite."
    UNKNOWN_TYPE = "unknown_type", "The event type is none of the known ones."
    BAD_FIELD = "bad_field", "A field is missing, of the wrong type or out of range."
    FUTURE = "future", "ts_ms is more than 5 minutes after the record's Kafka timestamp."
    BAD_TOKEN = "bad_token", "The decision token cannot be read."
    FOREIGN_TOKEN = "foreign_token", "The decision token was signed with another key or for another user or list."
    LATE = "late", "The event is older than all that is kept for its user.", True
    DUPLICATE = "duplicate", "The event_id was already applied.", True
    QUARANTINED = "quarantined", "The user sends more events than a person can; nothing is learned from them.", True
    BAD_ACTIVITY = "bad_activity", "An activity record breaks a rule; the former version of it stays."
    BAD_CONTROL = "bad_control", "A control record is unknown or malformed; nothing was changed."


class TidelineError(Exception):
    """Root of every error raised on purpose."""


class InvalidEvent(TidelineError):
    """A record that can never be applied. `detail` says which field and what is allowed; it holds no user id."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.reason}: {self.detail}"


class Unavailable(TidelineError):
    """Something outside (`target`: redis, kafka, ...) does not answer; the same call may succeed later."""

    def __init__(self, target: str, detail: str) -> None:
        super().__init__(target, detail)
        self.target = target
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.target} is unavailable: {self.detail}"


class ConfigError(TidelineError):
    """A setting that cannot be used. Mask secrets before they come here: `value` is printed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(key, value, allowed)
        self.key = key
        self.value = value
        self.allowed = allowed

    def __str__(self) -> str:
        return f"{self.key}={self.value!r} cannot be used; allowed: {self.allowed}"


class ModelError(TidelineError):
    """An encoder artefact that must not be served. `reason` is a short label (metric), `detail` is for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        return f"model refused ({self.reason}): {self.detail}"
