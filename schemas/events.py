"""The clickstream event: what a visitor did, as every part of the job sees it."""

from enum import IntEnum
from typing import NamedTuple


class EventType(IntEnum):
    """Kind of an event. The numbers are stored in user state and say the place in the Avro enum: never reorder."""

    VIEW = 0
    SEARCH = 1
    ADD_TO_CART = 2
    PURCHASE = 3
    IMPRESSION = 4
    CLICK = 5
    CONVERSION = 6
    DISMISS = 7
    ERASE = 8
    UNSUBSCRIBE = 9
    PUSH_FAILED = 10


TYPE_NAMES: tuple[str, ...] = tuple(kind.name.lower() for kind in EventType)
"""Wire name of each type, indexed by its number."""

_UNKNOWN_AT = 8
WIRE_SYMBOLS = (*TYPE_NAMES[:_UNKNOWN_AT], "unknown", *TYPE_NAMES[_UNKNOWN_AT:])
"""Symbols of the Avro enum. `unknown` is no type: readers of a version see it in place of a later one's types."""

FIRST_ACTIVITY_TYPE = EventType.IMPRESSION
"""Those below enter the history and the encoder."""
VISITOR_TYPES = tuple(kind for kind in EventType if kind < EventType.ERASE)
"""What is ranked by or learned from; those from IMPRESSION on are about an activity."""
FIRST_PUSH_TYPE = EventType.UNSUBSCRIBE
"""Those from this number on say what becomes of messages: `heard` in udfs/core/push/push_user.py."""


class Event(NamedTuple):
    """One validated clickstream event. Optional fields are None where the producer had nothing to say.

    Text fields other than `token` have 1..256 characters.
    """

    event_id: str
    """Made by the producer, unique per user; the base of deduplication. Of a PUSH_FAILED the id of the push."""
    user_id: str
    """Pseudonym of the visitor; equals the record key."""
    type: int
    """Number of an `EventType`."""
    ts_ms: int
    """When it happened: UTC epoch milliseconds, 1973 to 9999, at most 5 minutes after the Kafka timestamp."""
    item_id: str | None = None
    """Product it is about."""
    category: str | None = None
    """Category of the product, or of the search."""
    price: float | None = None
    """Price of one unit in the shop's currency, 0..1e9."""
    quantity: int | None = None
    """Units, 0..2**31-1."""
    activity_id: str | None = None
    """Activity it is about; always present from IMPRESSION to DISMISS."""
    token: str | None = None
    """Decision token of the list the activity was shown from, 1..512 characters, not yet verified."""
    position: int | None = None
    """0-based place in that list, 0..99; always present with a token, except for a conversion and an erasure."""
    value: float | None = None
    """Worth of a conversion in the shop's currency, -1e9..1e9; a later report replaces it."""
