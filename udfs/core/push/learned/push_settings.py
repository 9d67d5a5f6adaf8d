"""How a deployment pushes, as an operator writes it.

`{"week": 2, "zones": ["Europe/Berlin"]}`: at most two messages in seven days, between 9 and 20 o'clock by the clocks
of the user or, where they are not known, of Berlin; about activities of the kind push. What is left out has a default.
"""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.errors import ConfigError, InvalidField, Reason
from tideline.schemas.fields import Fields
from tideline.udfs.core.catalogue.activity import KINDS
from tideline.udfs.core.catalogue.channels import CHANNELS
from tideline.udfs.core.catalogue.eligibility.hours import MAX_WINDOWS, read_hours
from tideline.udfs.core.local_time import zones
from tideline.udfs.core.push.effects import Costs
from tideline.udfs.core.push.push_user import MOST_PUSHES
from tideline.udfs.core.push.send_hours import Clocks, clocks_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.udfs.core.catalogue.eligibility.hours import Window

MAX_ZONES = 40
MAX_HORIZON_H = 168
_HOUR_MS = 3_600_000
_MOST_MESSAGES, _MAX_VOLUME, _MAX_WORTH, _MOST_SHARE = MOST_PUSHES // 4, 10**12, 1e6, 1000
_REQUIRED = ("week", "zones")
_DEFAULTS: Mapping[str, Any] = {
    "hours": [["all", "09:00", "20:00"]],
    "kinds": ["push"],
    "horizon_h": 72,
    "cost": 0.0,
    "unsubscribe": 0.0,
    "volume": 0,
    "channels": {},
}
_TEXTS = "a list of texts, none twice"

ALLOWED_PUSH = (
    f'JSON: {{"week": messages that a user is sent at most in seven days, one a day, 1 to {_MOST_MESSAGES}; '
    f'"zones": time zones of the audience, 1 to {MAX_ZONES}: who names none is sent a message where '
    'all of them allow it; "hours": when it may be sent, as activities have them, left out: 09:00 to 20:00; '
    '"kinds": of activities that messages are about, [] is all, left out: push; '
    f'"horizon_h": hours after a decision in which what its user does counts, 1 to {MAX_HORIZON_H}, left out: 72; '
    '"cost", "unsubscribe": worth that a message takes, and that is lost with who unsubscribes, 0 to '
    f'{_MAX_WORTH:g}, left out: 0; "volume": messages of all users a day by UTC, left out or 0: no limit; '
    f'"channels": shares of messages, 1 to {_MOST_SHARE}, by {", ".join(CHANNELS)}, left out: none is named}}'
)


class PushSettings(NamedTuple):
    """How a deployment pushes."""

    week: int
    """Messages that a user is sent in seven days, at most; in one day he has one decision point."""
    zones: tuple[str, ...]
    """Of the audience: whose zone is not known is sent nothing while it is quiet in any."""
    hours: tuple[Window, ...]
    kinds: tuple[str, ...]
    """Of activities that may be pushed; none: of every kind."""
    horizon_h: int
    cost: float
    """Worth that each push takes."""
    unsubscribe: float
    """Worth that is lost with who unsubscribes."""
    volume: int
    """Messages of all users in a day by UTC; 0: no limit."""
    channels: tuple[tuple[str, int], ...] = ()
    """Which way messages go and how many of them beside the others, as CHANNELS has them; empty: none is named."""

    def __str__(self) -> str:
        """As JSON, as they are given."""
        told = self._asdict()
        channels = dict(told.pop("channels"))
        return json.dumps(told | ({"channels": channels} if channels else {}))

    @property
    def horizon_ms(self) -> int:
        """So long after a decision point what its user does counts."""
        return self.horizon_h * _HOUR_MS

    def clocks(self, zone: str | None) -> Clocks:
        """Return whose clocks count for a user of a zone, or of none that is known."""
        return clocks_of(self.hours, zone, self.zones)

    def costs(self, weights: tuple[float, ...]) -> Costs:
        """Return what counts, by the weights of a click, a conversion and a unit of revenue that lists have.

        A fourth one, of what activities cost, says nothing of a push.
        """
        click, conversion, revenue, *_ = weights
        return Costs((click, conversion, revenue), self.cost, self.unsubscribe)

    def takes(self, kind: str) -> bool:
        """Return whether activities of a kind may be pushed."""
        return not self.kinds or kind in self.kinds


def read_push(raw: Any) -> PushSettings:
    """Return the settings of JSON text, or of a table.

    Raises:
        ConfigError: it names the key, its value and what is allowed.

    >>> read_push('{"week": 2, "zones": ["Europe/Berlin"]}').hours
    (('all', '09:00', '20:00'),)
    """
    try:
        given = json.loads(raw) if isinstance(raw, str) else raw
    except (ValueError, RecursionError) as error:
        raise ConfigError("push", raw, f"a JSON table ({error})") from error
    if not isinstance(given, dict) or not set(_REQUIRED) <= given.keys() <= {*_REQUIRED, *_DEFAULTS}:
        allowed = f"a table with {' and '.join(_REQUIRED)}, and perhaps {', '.join(_DEFAULTS)}"
        raise ConfigError("push", given, allowed)
    told = {**_DEFAULTS, **given}
    week = _whole(told, "week", 1, _MOST_MESSAGES)
    kinds = _texts(told, "kinds")
    if not set(kinds) <= set(KINDS):
        raise ConfigError("push.kinds", list(kinds), f"some of {', '.join(KINDS)}")
    return PushSettings(
        week,
        _zones(told),
        _hours(told["hours"]),
        kinds,
        _whole(told, "horizon_h", 1, MAX_HORIZON_H),
        _worth(told, "cost"),
        _worth(told, "unsubscribe"),
        _whole(told, "volume", 0, _MAX_VOLUME),
        _channels(told["channels"]),
    )


def _whole(told: Mapping[str, Any], key: str, low: int, high: int) -> int:
    value = told[key]
    if type(value) is not int or not low <= value <= high:
        raise ConfigError(f"push.{key}", value, f"whole numbers from {low} to {high}")
    return value


def _worth(told: Mapping[str, Any], key: str) -> float:
    value = told[key]
    if type(value) not in (int, float) or not math.isfinite(value) or not 0 <= value <= _MAX_WORTH:
        raise ConfigError(f"push.{key}", value, f"numbers from 0 to {_MAX_WORTH:g}")
    return float(value)


def _texts(told: Mapping[str, Any], key: str) -> tuple[str, ...]:
    given = told[key]
    if not isinstance(given, list) or not all(isinstance(each, str) for each in given) or len({*given}) < len(given):
        raise ConfigError(f"push.{key}", given, _TEXTS)
    return tuple(given)


def _channels(given: Any) -> tuple[tuple[str, int], ...]:
    if not isinstance(given, dict):
        raise ConfigError("push.channels", given, f"a table of shares by {', '.join(CHANNELS)}")
    for name in given:
        if name not in CHANNELS:
            raise ConfigError(f"push.channels.{name}", given[name], f"some of {', '.join(CHANNELS)}")
    shares = {f"channels.{name}": share for name, share in given.items()}
    return tuple((name, _whole(shares, f"channels.{name}", 1, _MOST_SHARE)) for name in CHANNELS if name in given)


def _zones(told: Mapping[str, Any]) -> tuple[str, ...]:
    found = _texts(told, "zones")
    if not 1 <= len(found) <= MAX_ZONES or not set(found) <= zones():
        raise ConfigError("push.zones", list(found), f"1 to {MAX_ZONES} time zones such as Europe/Berlin or UTC")
    return found


def _hours(given: Any) -> tuple[Window, ...]:
    try:
        found = read_hours(Fields({"hours": given}, Reason.BAD_ACTIVITY), "UTC")
    except InvalidField as error:
        raise ConfigError("push.hours", given, error.allowed) from error
    if not found:
        raise ConfigError("push.hours", given, f'1 to {MAX_WINDOWS} of ["mon", "09:00", "18:00"]')
    return found
