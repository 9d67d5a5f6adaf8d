"""The page Playground: a user's list beside its bytes, why each entry is there, and events that are sent for him."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from tideline.schemas.errors import ConfigError
from tideline.schemas.events import TYPE_NAMES
from tideline.scripts.commands.list_reasons import LEGEND, in_words
from tideline.scripts.commands.send_event import event_of
from tideline.scripts.commands.show_list import document
from tideline.scripts.simulation.lists import NO_STOPS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.schemas.events import Event
    from tideline.scripts.simulation.lists import Stops
    from tideline.udfs.core.catalogue.activity import Activity

_TEXTS = ("item", "category", "activity")
_NUMBERS = ("price", "value")
_MOST = 2**31 - 1
_FIELDS = {"user", "type", *_TEXTS, *_NUMBERS, "quantity"}


def list_document(
    name: str,
    payload: bytes | None,
    now_ms: int,
    known: Mapping[str, Activity],
    is_popular: bool = False,
    stops: Stops = NO_STOPS,
) -> dict[str, Any]:
    """Return a user's list for people, with its bytes as text; `list` is None where he has none.

    Entries are those of `tideline list --json --why`, each with its reason in words too.
    """
    found: dict[str, Any] = {"user": name, "list": None, "raw": None, "error": None, "popular": is_popular}
    if payload is None:
        return found
    found["raw"] = payload.decode("utf-8", "replace")
    try:
        told = document(payload, now_ms, known, stops=stops)
    except (ValueError, KeyError, TypeError) as error:
        return found | {"error": f"what Redis holds is no list: {error}"}
    for entry in told["entries"]:
        entry["reason"] = in_words(entry["why"], entry["categories"] or ())
    return found | {"list": told, "legend": LEGEND}


def event_for(body: bytes, payload: bytes | None, now_ms: int, user: str) -> Event:
    """Return the event that a request asks for, of this user, as `tideline send` makes it; `payload` is his list.

    Raises:
        ConfigError: it is of another form, or about an activity that is not on his list.
        InvalidRecord: the job would refuse the event.
        ValueError, KeyError: the payload is no list.
    """
    asked = request_of(body)
    absent = dict.fromkeys((*_TEXTS, *_NUMBERS, "quantity"))
    return event_of(argparse.Namespace(**{**absent, "type": TYPE_NAMES[0], **asked, "user": user}), now_ms, payload)


def request_of(body: bytes) -> dict[str, Any]:
    """Return what a request says, its fields and their types checked.

    Raises:
        ConfigError: the message names the field.
    """
    try:
        asked = json.loads(body)
    except ValueError as error:
        raise ConfigError("body", str(error), "a JSON object") from error
    if not isinstance(asked, dict):
        raise ConfigError("body", type(asked).__name__, "a JSON object")
    if asked.keys() - _FIELDS:
        raise ConfigError("body", sorted(asked.keys() - _FIELDS)[0], ", ".join(sorted(_FIELDS)))
    if not isinstance(asked.get("user"), str) or not asked["user"]:
        raise ConfigError("user", None, "the id of a user")
    if asked.get("type", TYPE_NAMES[0]) not in TYPE_NAMES:
        raise ConfigError("type", asked["type"], ", ".join(TYPE_NAMES))
    for name in _TEXTS:
        if not isinstance(asked.get(name, ""), str):
            raise ConfigError(name, asked[name], "a text")
    for name in (*_NUMBERS, "quantity"):
        kinds = (int,) if name == "quantity" else (int, float)
        if name in asked and (isinstance(asked[name], bool) or not isinstance(asked[name], kinds)):
            raise ConfigError(name, asked[name], "a whole number" if name == "quantity" else "a number")
    if not 0 <= asked.get("quantity", 0) <= _MOST:
        raise ConfigError("quantity", asked["quantity"], f"0 to {_MOST:,}")
    return asked


def told_of_event(event: Event, name: str) -> dict[str, Any]:
    """Return an event as it was sent, its user by the name that is shown."""
    stated = {key: value for key, value in event._asdict().items() if value is not None}
    return stated | {"type": TYPE_NAMES[event.type], "user_id": name}
