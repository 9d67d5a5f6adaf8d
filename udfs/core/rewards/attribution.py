"""From impressions, clicks, conversions and dismissals to rewards, each counted once, in whatever order they come.

A decision token proves what was shown and in which context (token_events.py). What has no token is a claim
(conversions.py). Everything counts at the time of the list, which its token says, so sums by time do not depend on the
order of arrival, nor on what a visitor says the time is.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import InvalidRecord
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.rewards.conversions import Conversions
from tideline.udfs.core.rewards.join import JoinOutcome
from tideline.udfs.core.rewards.room import make_room
from tideline.udfs.core.rewards.token_events import TokenEvents
from tideline.udfs.core.shown.remembered import Remembered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.udfs.core.rewards.attribution_settings import AttributionSettings
    from tideline.udfs.core.rewards.feedback import Feedback
    from tideline.udfs.core.rewards.token_events import ShownDecision

_PURCHASE = int(EventType.PURCHASE)
_ASIDE = (JoinOutcome.DUPLICATE, JoinOutcome.LATE)
_CLAIMS = (_PURCHASE, int(EventType.CONVERSION))
"""Types that count without a token."""


class Attributed(NamedTuple):
    """Outcome for one user: what is remembered of him now, what was learned, what was shown, the fate of each event."""

    shown: bytes
    feedback: list[Feedback]
    decisions: list[ShownDecision]
    refused: list[tuple[int, InvalidRecord]]
    applied: int
    """Facts that were new: the same in the end for any order of the same events."""
    newest_ms: int
    """Time of the newest event that fits a list, 0 for none."""
    joined: dict[JoinOutcome, int]
    """How many events had which outcome; refused ones have none."""
    aside: list[tuple[int, JoinOutcome]]
    """Number and outcome of the activity events that are duplicates or late."""


def attribute(
    shown: bytes, events: Sequence[tuple[int, Event]], settings: AttributionSettings, *, learns: bool = True
) -> Attributed:
    """Apply one user's activity events and purchases, (record number, event), to what is remembered of him.

    With a token an event is applied, a duplicate, expired (later than `window_ms` after its list was first on screen)
    or late (of a list older than all MAX_LISTS that are kept); a dismissal is obeyed, by its mark, in any case. Without
    one, impressions and clicks teach nothing; a conversion or purchase is credited to the entry clicked last before it,
    of the same activity or one that names the item, inside the window. An entry converts once; its worth is that of its
    newest report with a value, else of its first purchase, else the activity's reward value.

    Whether its user is to be learned from is a fact of a list, kept with it, and holds for all that comes of it: his
    own list's token says what he had agreed to when it was made; of the popular list, which is nobody's, `learns`
    does, as of its first event.
    """
    state = Remembered(shown)
    joined: defaultdict[JoinOutcome, int] = defaultdict(int)
    refused: list[tuple[int, InvalidRecord]] = []
    aside: list[tuple[int, JoinOutcome]] = []
    conversions = Conversions(state, settings, joined)
    token_events = TokenEvents(state, settings, conversions, learns=learns)
    for number, event in events:
        token = event.token
        if token is not None and event.type != _PURCHASE:
            try:
                outcome = token_events.take(event, token)
            except InvalidRecord as error:
                refused.append((number, error))
                continue
            joined[outcome] += 1
            if outcome in _ASIDE:
                aside.append((number, outcome))
        elif event.type in _CLAIMS:
            known = conversions.claim(event)
            if known is not None and event.type != _PURCHASE:  # a purchase has its place in the history
                aside.append((number, known))
        else:
            joined[JoinOutcome.WITHOUT_TOKEN] += 1
    feedback = token_events.feedback + conversions.settle()
    newest_ms = token_events.newest_ms
    room = make_room(state, len(events), newest_ms, settings)
    if room.merged:
        joined[JoinOutcome.MERGED] += room.merged
    if room.forgotten:
        joined[JoinOutcome.CROWDED] += room.forgotten
    return Attributed(
        state.encode(), feedback, token_events.decisions, refused, token_events.applied, newest_ms, joined, aside
    )
