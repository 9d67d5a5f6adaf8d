"""The page Messages: what a request about them asks for and is told; its figures are those of `tideline push`."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.errors import ConfigError
from tideline.scripts.commands.push_words import explained

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

_ID = re.compile(r"-?\d{1,7}-\d{1,6}-[0-9a-f]{32}")
_LONGEST = 256
_UNSHOWN = "what its carrier said is shown with --show-ids"
_GUIDE = "docs/guide/messages.md says how to switch messages on"
_NO_TOPIC = f"No job has told anybody anything here: none has the option `push`. {_GUIDE}."
_NO_POINTS = (
    "There was no moment in these days at which somebody could have been sent anything. Has the job the option `push`, "
    "do profiles say `consent: {push: true}`, is an activity of its kinds open? The counters pushes_no_consent, "
    f"pushes_nothing, pushes_quiet and pushes_capped of the job say which; {_GUIDE}."
)


class Switch(NamedTuple):
    """What shall be stopped or started: an activity, None for all."""

    activity_id: str | None
    stopped: bool


def switch_of(asked: Any) -> Switch:
    """Return what a request says, {"activity_id": ID or null, "stopped": true or false}.

    Raises:
        ConfigError: it is of another form: nothing that is left out means all.
    """
    if not isinstance(asked, dict) or "activity_id" not in asked:
        raise ConfigError("activity_id", None, "an activity, or null for all messages")
    name, stopped = asked["activity_id"], asked.get("stopped")
    if name is not None and not (isinstance(name, str) and 0 < len(name) <= _LONGEST and name.isprintable()):
        raise ConfigError("activity_id", str(name)[:_LONGEST], f"1 to {_LONGEST} printable characters, or null for all")
    if not isinstance(stopped, bool):
        raise ConfigError("stopped", stopped, "true, false")
    return Switch(name, stopped)


def stops_told(stops: Mapping[str, Mapping[str, Any]], known: Container[str]) -> dict[str, Any]:
    """Return who stopped what and when, all messages first; `known` says whether there is such an activity."""
    lines = [
        {"activity_id": name or None, "by": stop["by"], "at_ms": stop["at_ms"], "known": not name or name in known}
        for name, stop in sorted(stops.items())
    ]
    return {"stops": lines}


def push_id_of(text: str) -> str:
    """Return an id as it is asked for.

    Raises:
        ConfigError: it is none.
    """
    if not _ID.fullmatch(text.strip()):
        raise ConfigError("id", text[:_LONGEST], "an id of the topic push, such as 20784-0- and 32 letters and digits")
    return text.strip()


def message_told(found: Mapping[str, Any], user: str, show_ids: bool) -> dict[str, Any]:
    """Return in words what `tideline push explain` found, its user called as the console calls him.

    What a carrier answered may name an address: it is shown where ids are.
    """
    told = {**found, "user_id": user}
    if told["receipt"] is not None and not show_ids:
        told["receipt"] = {**told["receipt"], "said": _UNSHOWN}
    return {"push_id": told["push_id"], "activity_id": told["activity_id"], "user": user, "says": explained(told)}


def hint(error: str | None, status: Mapping[str, Any] | None) -> str | None:
    """Return what to do where there is nothing to show, None where there is."""
    if error is not None:
        return _NO_TOPIC if "there is no topic" in error else None
    return _NO_POINTS if status is not None and not status["campaigns"] else None
