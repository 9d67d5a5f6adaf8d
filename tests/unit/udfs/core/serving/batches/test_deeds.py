"""What users have brought by a batch."""

from __future__ import annotations

from tests.support.core_world import NOON_MS, token_for
from tests.support.push_job import MIDNIGHT_MS, push_world
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.serving.batches.deeds import Deed
from tideline.udfs.core.serving.engine import Records, process

AT_MS = MIDNIGHT_MS + 1
SHOWN = {"activity_id": "c1", "position": 0}


def brought(*batches: list[Event], pushing: bool = True) -> list[list[Deed]]:
    """Return what a user has brought by each of some batches."""
    ranker, found = push_world() if pushing else push_world(None), list[list[Deed]]()
    kept: list[bytes | None] = [None]
    for events in batches:
        records = Records([b"u"] * len(events), [encode_event(each) for each in events], [2**50] * len(events))
        outcome = process(records, lambda _: kept, ranker)
        assert not outcome.dead
        kept[:] = outcome.states
        found.append(list(outcome.brought.get("u", ())))
    return found


def event(name: str, kind: EventType, after_ms: int = 0, **more: object) -> Event:
    """Return an event of the user."""
    return Event(name, "u", kind, AT_MS + after_ms, **more)  # type: ignore[arg-type]


def test_purchases_count_once_by_their_price_and_clicks_where_they_count_for_lists() -> None:
    """Contract: told again they count no more; a click without a token is none."""
    token = token_for("u", ["c1"], AT_MS)
    purchase = event("p", EventType.PURCHASE, 5, item_id="i", price=2.5, quantity=3)
    click = event("c", EventType.CLICK, 7, token=token, **SHOWN)
    first = [event("v", EventType.VIEW, item_id="i"), purchase, purchase, event("d", EventType.CLICK, 6, **SHOWN)]
    found = brought(first, [event("i", EventType.IMPRESSION, 3, token=token, **SHOWN), click], [click, purchase])
    assert found == [[Deed(AT_MS + 5, 0, 1, 7_500)], [Deed(AT_MS + 7, clicks=1)], []]


def test_a_conversion_counts_with_its_value_and_a_later_report_with_what_it_changes() -> None:
    """Contract: of who reports conversions and no purchases."""
    token = token_for("u", ["c1"], AT_MS)
    click = event("c", EventType.CLICK, 7, token=token, **SHOWN)
    report = event("r", EventType.CONVERSION, 9, token=token, value=4.0, **SHOWN)
    again = event("s", EventType.CONVERSION, 11, token=token, value=3.0, **SHOWN)
    assert brought([click], [report], [again])[1:] == [
        [Deed(AT_MS + 9, 0, 1, 4_000)],
        [Deed(AT_MS + 11, 0, 0, -1_000)],
    ]


def test_without_pushes_nothing_is_asked() -> None:
    """Contract: a job without them does no more than before."""
    purchase = event("p", EventType.PURCHASE, 5, item_id="i", price=2.5)
    assert brought([purchase], pushing=False) == [[]]
    assert NOON_MS > AT_MS
