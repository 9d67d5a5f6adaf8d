"""The activity: what a marketer wrote about something that can be shown."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from tideline.schemas.errors import InvalidRecord, Reason
from tideline.schemas.fields import MAX_AMOUNT, MAX_ENTRIES, Fields
from tideline.schemas.records import ACTIVITY
from tideline.schemas.registry import shipped
from tideline.udfs.core.catalogue.channels import refuse_channels
from tideline.udfs.core.catalogue.competing import Competing, Variant, read_competing
from tideline.udfs.core.catalogue.eligibility.hours import Window, read_hours, read_zone
from tideline.udfs.core.catalogue.eligibility.rule_form import MAX_COUNT, canonical, clauses_of
from tideline.udfs.core.catalogue.eligibility.user_caps import (
    MAX_CAP,
    MAX_WINDOW_MS,
    MIN_WINDOW_MS,
    UserCap,
    read_caps,
)
from tideline.udfs.core.catalogue.spending import PACINGS, Stock, read_spending

KINDS = ("campaign", "coupon", "flash_sale", "event", "push", "banner", "other")
STATUSES = ("active", "paused", "ended")
MAX_ITEMS = 1000
MAX_TITLE_CHARS = 200


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may see an activity; every part must hold."""

    min_events: int = 0
    """Events the user has had accepted, at least."""
    min_purchases: int = 0
    """Purchases among them, at least."""
    any_category: tuple[str, ...] = ()
    """The user's history has one of these; empty: no demand."""
    all: str | None = None
    """Further clauses, in the form of rule_form.py as JSON."""


@dataclass(frozen=True, slots=True)
class Cap:
    """How often one user may see an activity: max_shown impressions (at least 1) in any window of window_ms."""

    max_shown: int
    window_ms: int


@dataclass(frozen=True, slots=True)
class Activity:
    """One validated activity; see `schemas/activity.avsc`. Amounts are in the shop's currency, times UTC epoch ms."""

    activity_id: str
    kind: str
    title: str
    starts_ms: int
    """First moment it may be shown."""
    ends_ms: int
    """First moment it may no longer be shown; after starts_ms."""
    status: str = "active"
    categories: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    rule: Rule | None = None
    cap: Cap | None = None
    budget: float | None = None
    """What may be spent in all; None: no limit."""
    cost: float = 0.0
    """Spent at each conversion."""
    reward_value: float = 1.0
    """Worth of a conversion that reports no value."""
    exposure_floor: float = 0.0
    """Share of all impressions it is owed, 0..1."""
    parameters: Mapping[str, float] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    group: str | None = None
    """What rules know it and its like by."""
    time_zone: str | None = None
    """Whose clocks `hours` and rules mean, such as Europe/Berlin."""
    hours: tuple[Window, ...] = ()
    """Hours of the week in which it may be shown; empty: all."""
    caps: tuple[UserCap, ...] = ()
    """Further caps, of groups, kinds and clicks too."""
    after_click_ms: int | None = None
    """How long it stays away from a user who clicked it; None: not at all."""
    after_dismiss_ms: int | None = None
    """How long it stays away from a user who dismissed it; None: for ever."""
    pacing: str = PACINGS[0]
    """How a budget is spread over its time: even, front (half as much again in the first half) or none."""
    total_cap: int | None = None
    """Impressions in all, of all users; None: no limit."""
    stock: Stock | None = None
    """How many conversions there is stock for; None: no limit."""
    variants: tuple[Variant, ...] = ()
    """Forms of it that compete, 2 to 8; empty: it has one form."""
    split: str = Competing().split
    """How users are split between them."""
    objective: str = Competing().objective
    """What they compete by."""

    @property
    def is_limited(self) -> bool:
        """Whether what all users together do may stop it."""
        return not (self.budget is None and self.total_cap is None and self.stock is None)

    def limits(self) -> tuple[UserCap, ...]:
        """Return all that limits how often one user may see it, as caps."""
        own = () if self.cap is None else (UserCap("activity", self.cap.max_shown, self.cap.window_ms),)
        cool = () if self.after_click_ms is None else (UserCap("activity", 1, self.after_click_ms, "click"),)
        return (*own, *self.caps, *cool)


_SCHEMA_FIELDS = shipped().current["activity"]["fields"]
_NAMES = tuple(each["name"] for each in _SCHEMA_FIELDS)
_DEFAULTS = {each["name"]: each["default"] for each in _SCHEMA_FIELDS if "default" in each}
_NO_RULE: dict[str, object] = {"min_events": 0, "min_purchases": 0, "any_category": [], "all": None}
_NO_COOL_DOWN = "after_conversion_ms"
_ITS_PLACE = (
    'a rule such as {"not": {"item": {"in": [...], "type": "purchase", "within_days": 14}}}: which entry a conversion '
    "is credited to may change later, so that no such time could be kept"
)
_CAP_NAMES = ("max_shown", "window_ms")


def decode_activity(key: bytes | None, value: bytes | None) -> Activity | None:
    """Return the activity of a record, Avro or JSON; None where the record deletes it (no value).

    Raises InvalidRecord (BAD_ACTIVITY), its detail naming field, value and what is allowed.
    """
    if not key:
        raise InvalidRecord(Reason.BAD_ACTIVITY, "the record has no key; allowed: the activity_id")
    if value is None:
        return None
    record = ACTIVITY.decode_authored(value, Reason.BAD_ACTIVITY)
    activity = _validated(Fields({**_DEFAULTS, **record}, Reason.BAD_ACTIVITY))
    if activity.activity_id.encode() != key:
        raise InvalidRecord(Reason.BAD_ACTIVITY, f"key={key[:80]!r}; allowed: {activity.activity_id} as inside")
    return activity


def encode_activity(activity: Activity) -> bytes:
    """Return the Avro wire bytes of an activity; they belong under its activity_id as key."""
    return ACTIVITY.encode(asdict(activity))


def _validated(fields: Fields) -> Activity:
    if fields.given(_NO_COOL_DOWN) is not None:
        fields.refuse(_NO_COOL_DOWN, _ITS_PLACE)
    fields.exactly(_NAMES)
    starts_ms = fields.moment("starts_ms")
    ends_ms = fields.moment("ends_ms")
    if ends_ms <= starts_ms:
        fields.refuse("ends_ms", f"after starts_ms={starts_ms}")
    zone = read_zone(fields)
    group = None if fields.given("group") is None else fields.identifier("group")
    parameters = fields.number_map("parameters")
    refuse_channels(fields, parameters)
    return Activity(
        activity_id=fields.identifier("activity_id"),
        kind=fields.choice("kind", KINDS),
        title=fields.text("title", MAX_TITLE_CHARS),
        starts_ms=starts_ms,
        ends_ms=ends_ms,
        status=fields.choice("status", STATUSES),
        categories=fields.texts("categories", MAX_ENTRIES),
        items=fields.texts("items", MAX_ITEMS),
        rule=_rule(fields, zone),
        cap=_cap(fields),
        reward_value=fields.number("reward_value", 0, MAX_AMOUNT),
        exposure_floor=fields.number("exposure_floor", 0, 1),
        parameters=parameters,
        labels=fields.text_map("labels"),
        group=group,
        time_zone=zone,
        hours=read_hours(fields, zone),
        caps=read_caps(fields, group),
        after_click_ms=_cool_down(fields, "after_click_ms"),
        after_dismiss_ms=_cool_down(fields, "after_dismiss_ms"),
        **read_spending(fields)._asdict(),
        **read_competing(fields)._asdict(),
    )


def _rule(fields: Fields, zone: str | None) -> Rule | None:
    if fields.given("rule") is None:
        return None
    rule = fields.inner("rule", _NO_RULE, _NO_RULE)
    form = canonical(rule)
    if form is not None:
        clauses_of(form, zone)
    return Rule(
        min_events=rule.integer("min_events", 0, MAX_COUNT),
        min_purchases=rule.integer("min_purchases", 0, MAX_COUNT),
        any_category=rule.texts("any_category", MAX_ENTRIES),
        all=form,
    )


def _cool_down(fields: Fields, name: str) -> int | None:
    return None if fields.given(name) is None else fields.integer(name, MIN_WINDOW_MS, MAX_WINDOW_MS)


def _cap(fields: Fields) -> Cap | None:
    if fields.given("cap") is None:
        return None
    cap = fields.inner("cap", {}, _CAP_NAMES)
    return Cap(
        max_shown=cap.integer("max_shown", 1, MAX_CAP),
        window_ms=cap.integer("window_ms", MIN_WINDOW_MS, MAX_WINDOW_MS),
    )
