"""What can go wrong, and what is done about it.

TidelineError
 +-- InvalidRecord(reason, detail)        the record is bad: dead letter or counter, never retried
 |    +-- InvalidField(..., allowed)     one field of what people wrote is
 +-- Unavailable(target, detail)         the world is bad: retry with back-off, then raise and let Flink restart
 +-- ConfigError(key, value, allowed)    a setting is bad: refused before submission
 +-- ModelError(reason, detail)          an artefact is bad: refused, the one in use stays
"""

from enum import StrEnum

_COUNTED, _PRODUCER = "counted", "producer"


class Reason(StrEnum):
    """Why a record was not applied; the same text is metric label and dead-letter header `reason`.

    `meaning` is one line for people. `counted_only` is true where the record is well formed and is
    merely not applied: it raises a counter and makes no dead letter. `producer_fault` is true of what only a producer
    can get wrong, whatever a visitor does or sends: the dead-letter limit counts these alone.
    """

    meaning: str
    counted_only: bool
    producer_fault: bool

    def __new__(cls, label: str, meaning: str = "", mark: str = "") -> "Reason":
        """Make a member whose value is `label` alone, so that `Reason("late")` finds it."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        member.counted_only = mark == _COUNTED
        member.producer_fault = mark == _PRODUCER
        return member

    EMPTY = "empty", "The record has no value or a value of 0 bytes.", _PRODUCER
    TOO_LARGE = "too_large", "The value is over 64 KiB; it was not parsed."
    MISSING_KEY = "missing_key", "The record has no key, so it belongs to no user.", _PRODUCER
    KEY_MISMATCH = "key_mismatch", "The record key is not the user_id inside the value.", _PRODUCER
    BAD_MAGIC = "bad_magic", "The first byte is neither 0x00 (Avro) nor an opening brace (JSON).", _PRODUCER
    UNKNOWN_SCHEMA = (
        "unknown_schema",
        "The schema id after the magic byte is no kept version of this record.",
        _PRODUCER,
    )
    TRUNCATED = (
        "truncated",
        "The Avro body does not fit its schema: it ends early, has bytes left, a bad index.",
        _PRODUCER,
    )
    BAD_JSON = "bad_json", "The value starts like JSON and is not a JSON object.", _PRODUCER
    BAD_UTF8 = "bad_utf8", "The key, the value or a string inside it is not UTF-8."
    NOT_FINITE = "not_finite", "A number is NaN or infinite."
    UNKNOWN_TYPE = "unknown_type", "The event type is none of the known ones."
    WRONG_SHAPE = "wrong_shape", "event_id, user_id, type or ts_ms is missing.", _PRODUCER
    BAD_FIELD = "bad_field", "A field is of the wrong type, out of range, or missing beside another."
    WRONG_UNIT = "wrong_unit", "ts_ms is not in milliseconds: it looks like seconds, micro- or nanoseconds."
    FUTURE = "future", "ts_ms is more than 5 minutes after the record's Kafka timestamp, or after the present."
    BAD_TOKEN = "bad_token", "The decision token cannot be read."
    FOREIGN_TOKEN = "foreign_token", "The decision token was signed with another key or for another user or list."
    LATE = "late", "The event is older than all that is kept for its user.", _COUNTED
    DUPLICATE = "duplicate", "The event_id was already applied.", _COUNTED
    ERASED = "erased", "Its user was erased since it happened, or since its list was made.", _COUNTED
    QUARANTINED = "quarantined", "Its user did more in a second of the hour before than a person can."
    BAD_ACTIVITY = "bad_activity", "An activity record breaks a rule; the former version of it stays."
    BAD_PROFILE = "bad_profile", "A profile record breaks a rule; the former profile of its user stays."
    PUSH_FAILED = "push_failed", "A message that nobody took, however often it was tried."
    BAD_CONTROL = "bad_control", "A control record is unknown or malformed; nothing was changed."


class TidelineError(Exception):
    """Root of every error raised on purpose.

    The whole sentence is its first argument: Flink's Python bridge prints that one alone, in the UI and in the log.
    """

    def __init__(self, sentence: str, *parts: object) -> None:
        super().__init__(sentence, *parts)

    def __str__(self) -> str:
        return str(self.args[0])

    def __reduce__(self) -> tuple[type["TidelineError"], tuple[object, ...]]:
        """Made again from its parts: the sentence is theirs."""
        return type(self), self.args[1:] or self.args


class InvalidRecord(TidelineError):
    """A record that can never be applied. `detail` says which field and what is allowed; it holds no user id."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}", reason, detail)
        self.reason = reason
        self.detail = detail


class InvalidField(InvalidRecord):
    """One field of a record that people wrote cannot be used: its path, the value as it is shown, what is allowed."""

    def __init__(self, reason: Reason, field: str, shown: str, allowed: str) -> None:
        super().__init__(reason, f"{field}={shown}; allowed: {allowed}")
        self.args = (self.args[0], reason, field, shown, allowed)
        self.field = field
        self.shown = shown
        self.allowed = allowed


class Unavailable(TidelineError):
    """Something outside (`target`: redis, kafka, ...) does not answer; the same call may succeed later."""

    def __init__(self, target: str, detail: str) -> None:
        super().__init__(f"{target} is unavailable: {detail}", target, detail)
        self.target = target
        self.detail = detail


class ConfigError(TidelineError):
    """A setting that cannot be used. Mask secrets before they come here: `value` is printed."""

    def __init__(self, key: str, value: object, allowed: str) -> None:
        super().__init__(f"{key}={value!r} cannot be used; allowed: {allowed}", key, value, allowed)
        self.key = key
        self.value = value
        self.allowed = allowed


class TooFew(ConfigError):
    """What was given can be read, and holds too little to say what was asked: no error of whoever asked."""


class ModelError(TidelineError):
    """An encoder artefact that must not be served. `reason` is a short label (metric), `detail` is for people."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"model refused ({reason}): {detail}", reason, detail)
        self.reason = reason
        self.detail = detail
