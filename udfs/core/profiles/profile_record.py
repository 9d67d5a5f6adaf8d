"""The profile record: what a shop says of one of its users."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.fields import MAX_TEXT_CHARS, Fields, is_identifier
from tideline.schemas.records import PROFILE
from tideline.schemas.registry import shipped
from tideline.udfs.core.local_time import zones

LABELS = ("age_band", "channel", "country", "language", "ltv", "region", "segment", "tier")
"""All labels there are. Their numbers stand in user state: never reorder, append."""
MAX_OPT_OUTS = 32
"""Activities, groups and kinds together."""
MAX_AHEAD_MS = 300_000
"""So far ts_ms may be after the record's Kafka timestamp, as that of an event."""
_VALUE_RULE = "1..64 of A-Z a-z 0-9 . _ : - and first a letter or digit"


@dataclass(frozen=True, slots=True)
class Consent:
    """What a user has agreed to."""

    personalise: bool = True
    """His history may rank his lists."""
    learn: bool = True
    """What he does may be learned from."""
    push: bool = False
    """He may be sent messages."""


@dataclass(frozen=True, slots=True)
class OptOuts:
    """What a user is never shown."""

    activities: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One validated profile; see `schemas/profile.avsc`."""

    user_id: str
    ts_ms: int
    """Since when it is so."""
    labels: Mapping[str, str] = field(default_factory=dict)
    time_zone: str | None = None
    consent: Consent = Consent()
    opt_outs: OptOuts = OptOuts()


_FIELDS = shipped().current["profile"]["fields"]
_NAMES = tuple(each["name"] for each in _FIELDS)
_DEFAULTS = {each["name"]: each["default"] for each in _FIELDS if "default" in each}
_KINDS = next(each["type"]["symbols"] for each in shipped().current["activity"]["fields"] if each["name"] == "kind")
_CONSENT = asdict(Consent())
_OPT_OUTS: dict[str, object] = {name: [] for name in asdict(OptOuts())}


def decode_profile(key: bytes | None, value: bytes | None, record_ts_ms: int) -> Profile | None:
    """Return the profile of a record, Avro or JSON; None where the record forgets it (no value).

    Raises InvalidRecord (BAD_PROFILE), its detail naming field, value and what is allowed, and no user id.

    >>> record = b'{"user_id": "u1", "ts_ms": 1700000000000, "labels": {"tier": "gold"}}'
    >>> found = decode_profile(b"u1", record, 1700000000000)
    >>> found.labels, found.consent.personalise
    ({'tier': 'gold'}, True)
    """
    user_id_of(key)
    if value is None:
        return None
    record = PROFILE.decode_authored(value, Reason.BAD_PROFILE)
    return _validated(Fields(record, Reason.BAD_PROFILE).completed(_DEFAULTS), key or b"", record_ts_ms)


def user_id_of(key: bytes | None) -> str:
    """Return the user whose record has a key. Raises InvalidRecord (BAD_PROFILE)."""
    if not key:
        raise InvalidRecord(Reason.BAD_PROFILE, "the record has no key; allowed: the user_id as UTF-8")
    try:
        user_id = key.decode()
    except UnicodeDecodeError as error:
        raise InvalidRecord(Reason.BAD_PROFILE, "the record key is not UTF-8; allowed: the user_id") from error
    if len(user_id) > MAX_TEXT_CHARS:
        raise InvalidRecord(Reason.BAD_PROFILE, f"the key has {len(user_id)} characters; allowed: 1..{MAX_TEXT_CHARS}")
    return user_id


def encode_profile(profile: Profile) -> bytes:
    """Return the Avro wire bytes of a profile; they belong under its user_id as key."""
    return PROFILE.encode(asdict(profile))


def _validated(fields: Fields, key: bytes, record_ts_ms: int) -> Profile:
    unknown = fields.unknown(_NAMES)
    if unknown:  # without its value, which may name the user
        raise InvalidRecord(Reason.BAD_PROFILE, f"there is a field {unknown}; allowed: only {', '.join(_NAMES)}")
    fields.exactly(_NAMES)
    user_id = fields.given("user_id")
    if user_id != key.decode():
        raise InvalidRecord(Reason.BAD_PROFILE, "the record key is not the user_id inside the value")
    ts_ms = fields.moment("ts_ms")
    if ts_ms > record_ts_ms + MAX_AHEAD_MS:
        fields.refuse("ts_ms", f"at most {MAX_AHEAD_MS} ms after the record's Kafka timestamp, {record_ts_ms}")
    zone = None
    if fields.given("time_zone") is not None:
        zone = fields.choice("time_zone", zones(), "a time zone such as Europe/Berlin or UTC")
    consent = fields.inner("consent", _CONSENT, _CONSENT)
    return Profile(
        user_id=str(user_id),
        ts_ms=ts_ms,
        labels=_labels(fields),
        time_zone=zone,
        consent=Consent(**{name: _truth(consent, name) for name in _CONSENT}),
        opt_outs=_opt_outs(fields),
    )


def _labels(fields: Fields) -> dict[str, str]:
    labels = fields.text_map("labels")
    for name, value in labels.items():
        if name not in LABELS:
            fields.refuse_inside(f"labels.{name}", value, f"only the labels {', '.join(LABELS)}")
        if not is_identifier(value):
            fields.refuse_inside(f"labels.{name}", value, _VALUE_RULE)
    return labels


def _truth(fields: Fields, name: str) -> bool:
    stated = fields.given(name)
    if not isinstance(stated, bool):
        fields.refuse(name, "true or false")
    return stated


def _opt_outs(fields: Fields) -> OptOuts:
    stated = fields.inner("opt_outs", _OPT_OUTS, _OPT_OUTS)
    names = {what: stated.texts(what, MAX_OPT_OUTS) for what in _OPT_OUTS}
    for what, each in names.items():
        wrong = next((name for name in each if not is_identifier(name)), None)
        if wrong is not None:
            stated.refuse_inside(what, wrong, _VALUE_RULE)
    unknown = next((kind for kind in names["kinds"] if kind not in _KINDS), None)
    if unknown is not None:
        stated.refuse_inside("kinds", unknown, ", ".join(_KINDS))
    if sum(map(len, names.values())) > MAX_OPT_OUTS:
        fields.refuse("opt_outs", f"at most {MAX_OPT_OUTS} names together")
    return OptOuts(**names)
