"""Ways that messages about an activity can go, as a marketer shares them out."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tideline.schemas.fields import Fields

CHANNELS = ("app", "email", "letter", "messenger", "sms", "web")
"""All that there are. Records, parameters and opt-outs name them: rename none."""
_PARAMETER = "push_channel_"
"""What the parameter of a channel begins with; its value is how much of the messages go so, beside the others."""
_MAX_SHARE = 1e6


def refuse_channels(fields: Fields, parameters: Mapping[str, float]) -> None:
    """Raise InvalidField for the parameter of a channel that there is not, or of a share that none can be."""
    for name, share in parameters.items():
        if name.startswith(_PARAMETER):
            if name.removeprefix(_PARAMETER) not in CHANNELS:
                fields.refuse_inside(f"parameters.{name}", share, f"{_PARAMETER} and one of {', '.join(CHANNELS)}")
            if not 0.0 <= share <= _MAX_SHARE:
                fields.refuse_inside(f"parameters.{name}", share, f"0 to {_MAX_SHARE:g}")


def channels_among(parameters: Mapping[str, float]) -> dict[str, float]:
    """Return the shares that an activity gives to channels by its parameters; none where it leaves that open.

    >>> channels_among({"discount": 10.0, "push_channel_email": 3.0, "push_channel_sms": 0.0})
    {'email': 3.0, 'sms': 0.0}
    """
    return {each: parameters[_PARAMETER + each] for each in CHANNELS if _PARAMETER + each in parameters}
