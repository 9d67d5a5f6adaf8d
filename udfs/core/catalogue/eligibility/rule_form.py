"""The form of a rule: clauses that must all hold, each of predicates of which one must.

"rule": {"all": [{"events": {">=": 5}}, {"any": [PREDICATE, {"not": PREDICATE}]}, {"not": PREDICATE}]}
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from tideline.schemas.errors import Reason
from tideline.schemas.events import FIRST_ACTIVITY_TYPE, TYPE_NAMES
from tideline.schemas.fields import MAX_ENTRIES, Fields, is_identifier
from tideline.udfs.core.catalogue.eligibility.hours import DAYS, read_zone
from tideline.udfs.core.profiles.profile_record import LABELS

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_CLAUSES, MAX_PREDICATES = 8, 16
MAX_COUNT = 1_000_000
MAX_DAYS = 3_650.0
"""Ten years: what is kept of a user hardly goes further back."""
_DAY_MS = 86_400_000
_HOURS = 24
PARTS = 10_000
"""Of all users, one each."""
_COMPARISONS = (">=", ">", "<=", "<", "==")
_ORGANIC = TYPE_NAMES[:FIRST_ACTIVITY_TYPE]
_NOT_KEPT = {
    "clicked": "clicks are kept for attribution_days only, so that nobody could rely on it",
    "converted": "conversions are kept for attribution_days only, so that nobody could rely on it",
    "seen": "of what a user has seen only what a cap needs is kept; a cap is what limits it",
}


class Between(NamedTuple):
    """A number of a user is in low..high: events, purchases, days since (in ms), or his part of all users."""

    number: str
    low: int
    high: int


class Past(NamedTuple):
    """Something is in what is kept of a user: a category or item of his history, an activity that he dismissed."""

    what: str
    """category, item, activity or group."""
    names: tuple[str, ...]
    within_ms: int | None
    kind: str | None
    """Type of the event; None: any."""


class OnClock(NamedTuple):
    """Clocks show one of these hours of the week, of which bit n is the n-th from Monday 0:00 on."""

    zone: str
    hours: int
    fixed: bool = False
    """Whether they are always those of the zone; else it is that of users whose own is not known."""


class Labelled(NamedTuple):
    """A label of a user has one of these values."""

    label: str
    values: tuple[str, ...]


Predicate = Between | Past | OnClock | Labelled


class Literal(NamedTuple):
    """A predicate, or that it does not hold."""

    predicate: Predicate
    holds: bool


Clause = tuple[Literal, ...]


def canonical(fields: Fields) -> str | None:
    """Return the form of a rule's field `all` as one text, None where it has none; `clauses_of` reads it."""
    stated = fields.given("all")
    try:
        if isinstance(stated, str):  # as Avro holds it
            stated = json.loads(stated)
        if stated is None:
            return None
        return json.dumps(stated, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    except (ValueError, RecursionError):
        fields.refuse("all", "JSON, a list of clauses")


@lru_cache(maxsize=1 << 14)
def clauses_of(form: str, time_zone: str | None) -> tuple[Clause, ...]:
    """Return the clauses of a form; predicates of clocks without a zone of their own take the given one.

    Raises:
        InvalidRecord: BAD_ACTIVITY, with path, value and what is allowed.

    >>> ((literal,),) = clauses_of('[{"not": {"events": {">=": 3}}}]', None)
    >>> literal.predicate.number, literal.predicate.low, literal.holds
    ('events', 3, False)
    """
    stated = json.loads(form)
    rule = Fields({"all": stated}, Reason.BAD_ACTIVITY, "rule.")
    if not isinstance(stated, list) or not 0 < len(stated) <= MAX_CLAUSES:
        rule.refuse("all", f"a list of 1..{MAX_CLAUSES} clauses")
    return tuple(_clause(rule, f"all[{at}]", each, time_zone) for at, each in enumerate(stated))


def _clause(rule: Fields, path: str, stated: object, zone: str | None) -> Clause:
    name, inside = _only(rule, path, stated)
    if name != "any":
        return (_literal(rule, path, stated, zone),)
    if not isinstance(inside, list) or not 0 < len(inside) <= MAX_PREDICATES:
        rule.refuse_inside(f"{path}.any", inside, f"a list of 1..{MAX_PREDICATES} predicates")
    return tuple(_literal(rule, f"{path}.any[{at}]", each, zone) for at, each in enumerate(inside))


def _literal(rule: Fields, path: str, stated: object, zone: str | None) -> Literal:
    name, inside = _only(rule, path, stated)
    if name != "not":
        return Literal(_predicate(rule, path, name, inside, zone), holds=True)
    path = f"{path}.not"
    name, inner = _only(rule, path, inside)
    return Literal(_predicate(rule, path, name, inner, zone), holds=False)


def _only(rule: Fields, path: str, stated: object) -> tuple[str, object]:
    if not isinstance(stated, dict) or len(stated) != 1:
        rule.refuse_inside(path, stated, 'an object of one key, such as {"events": {">=": 5}}')
    ((name, inside),) = stated.items()
    return name, inside


def _predicate(rule: Fields, path: str, name: str, inside: object, zone: str | None) -> Predicate:
    read = FIELDS.get(name)
    if read is None:
        _refuse_field(rule, path, name, inside)
    return read(Fields(inside, Reason.BAD_ACTIVITY, f"rule.{path}.{name}."), name, zone)


def _refuse_field(rule: Fields, path: str, name: str, inside: object) -> NoReturn:
    known = f"only {', '.join(FIELDS)}; any and not around them, not inside each other"
    why = _NOT_KEPT.get(name)
    rule.refuse_inside(f"{path}.{name}", inside, f"{known}: {why}" if why else known)


def _count(fields: Fields, name: str, zone: str | None) -> Between:
    sign = _sign(fields)
    return _between(name, sign, fields.integer(sign, 0, MAX_COUNT))


def _days(fields: Fields, name: str, zone: str | None) -> Between:
    sign = _sign(fields)
    return _between(name, sign, round(fields.number(sign, 0.0, MAX_DAYS) * _DAY_MS))


def _sign(fields: Fields) -> str:
    return fields.only_one(_COMPARISONS)


def _between(name: str, sign: str, limit: int) -> Between:
    low = {">=": limit, ">": limit + 1, "==": limit}.get(sign, 0)
    high = {"<=": limit, "<": limit - 1, "==": limit}.get(sign, 2**62)
    return Between(name, low, high)


def _part(fields: Fields, name: str, zone: str | None) -> Between:
    fields.exactly(("name", "from", "to"))
    low, high = (round(fields.number(end, 0.0, 100.0) * PARTS / 100) for end in ("from", "to"))
    if low >= high:
        fields.refuse("to", "more than from")
    return Between(f"part:{fields.identifier('name')}", low, high - 1)


def _history(fields: Fields, name: str, zone: str | None) -> Past:
    fields = fields.completed({"within_days": None, "type": None})
    fields.exactly(("in", "within_days", "type"))
    kind = None if fields.given("type") is None else fields.choice("type", _ORGANIC)
    return Past(name, _some(fields), _within(fields), kind)


def _dismissed(fields: Fields, name: str, zone: str | None) -> Past:
    fields = fields.completed({"within_days": None})
    what = "group" if fields.given("group") is not None else "activity"
    fields.exactly((what, "within_days"))
    return Past(what, (fields.identifier(what),), _within(fields), None)


def _some(fields: Fields) -> tuple[str, ...]:
    names = fields.texts("in", MAX_ENTRIES)
    if not names:
        fields.refuse("in", f"1..{MAX_ENTRIES} names")
    return tuple(sorted(set(names)))


def _within(fields: Fields) -> int | None:
    if fields.given("within_days") is None:
        return None
    return round(fields.number("within_days", 0.0, MAX_DAYS) * _DAY_MS)


def _hour(fields: Fields, name: str, zone: str | None) -> OnClock:
    zone, fixed, sign = _zoned(fields, zone, (*_COMPARISONS, "in"))
    if sign == "in":
        hours = fields.integers("in", _HOURS, 0, _HOURS - 1)
    else:
        low, high = _between(name, sign, fields.integer(sign, 0, _HOURS - 1))[1:]
        hours = tuple(range(low, min(high, _HOURS - 1) + 1))
    return OnClock(zone, sum(1 << day * _HOURS + hour for day in range(len(DAYS)) for hour in set(hours)), fixed)


def _weekday(fields: Fields, name: str, zone: str | None) -> OnClock:
    zone, fixed, _ = _zoned(fields, zone, ("in",))
    days = _some(fields)
    if not set(days) <= set(DAYS):
        fields.refuse("in", f"days of {', '.join(DAYS)}")
    return OnClock(zone, sum(1 << DAYS.index(day) * _HOURS + hour for day in days for hour in range(_HOURS)), fixed)


def _zoned(fields: Fields, zone: str | None, signs: tuple[str, ...]) -> tuple[str, bool, str]:
    own = read_zone(fields, "zone")
    sign = fields.only_one(signs, beside=("zone",))
    if own is None and zone is None:
        fields.refuse("zone", "it must be given where the activity has no time_zone")
    return own or zone or "UTC", own is not None, sign


def _label(fields: Fields, name: str, zone: str | None) -> Labelled:
    fields.exactly(("in",))
    values = _some(fields)
    wrong = next((value for value in values if not is_identifier(value)), None)
    if wrong is not None:
        fields.refuse("in", "values as labels have them: 1..64 of A-Z a-z 0-9 . _ : - and first a letter or digit")
    return Labelled(name.removeprefix("label."), values)


FIELDS: dict[str, Callable[[Fields, str, str | None], Predicate]] = {
    "events": _count,
    "purchases": _count,
    "days_since_event": _days,
    "days_since_purchase": _days,
    "category": _history,
    "item": _history,
    "dismissed": _dismissed,
    "hour_local": _hour,
    "weekday": _weekday,
    "part": _part,
    **{f"label.{name}": _label for name in LABELS},
}
