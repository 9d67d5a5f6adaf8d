"""What becomes of an activity event when it is joined with what was shown."""

from enum import StrEnum


class JoinOutcome(StrEnum):
    """Outcome of one event; the counter `join_NAME` counts it. `meaning` is one line for people."""

    meaning: str
    __hash__ = str.__hash__  # that of an enum is Python: 0.1 us each time one is counted

    def __new__(cls, label: str, meaning: str = "") -> "JoinOutcome":
        """Make a member whose value is `label` alone."""
        member = str.__new__(cls, label)
        member._value_ = label
        member.meaning = meaning
        return member

    MATCHED = "matched", "Its token names what was shown, and it counts."
    REVISED = "revised", "Its token names what was shown, and its value replaces what an earlier report said."
    SUPERSEDED = "superseded", "A conversion reported with another worth before, by a later or better report."
    INFERRED = "inferred", "Conversion without a token, counted for the list on which its activity was clicked last."
    BOUGHT = "bought", "Purchase that converted what was clicked about its item."
    UNCLAIMED = "unclaimed", "Purchase of an item that an activity names, none of which its user had clicked in time."
    CUT = "cut", "Its worth is beyond what one conversion may be worth; it counts as that much."
    CROWDED = "crowded", "Its user has more clicked or marked activities than are kept; the oldest was forgotten."
    MERGED = "merged", "Two impressions of a capped activity became one mark, for want of room; its cap lasts longer."
    DUPLICATE = "duplicate", "The same was told before."
    LATE = "late", "It is older than all that is kept of its kind of the user."
    WITHOUT_TOKEN = "without_token", "Impression, click or dismissal that names no list: it teaches nothing."
    EXPIRED = "expired", "It comes after the attribution window of its list, or of the click before it."
    DANGLING = "dangling", "Conversion without a token, its activity was not clicked as far as is kept."
    UNKNOWN_ACTIVITY = (
        "unknown_activity",
        "It is about an activity that is not, or no longer, in the catalogue.",
    )
