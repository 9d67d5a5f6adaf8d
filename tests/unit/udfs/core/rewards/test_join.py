"""Every outcome of a join is counted under its name."""

from __future__ import annotations

from tests.support.core_world import NOON_MS
from tests.support.told import CLICK, CONVERSION, IMPRESSION, SETTINGS, apply, event
from tideline.schemas.events import Event, EventType
from tideline.udfs.core.rewards.attribution import attribute
from tideline.udfs.core.rewards.join import JoinOutcome

BOUGHT = Event("p", "u", EventType.PURCHASE, NOON_MS + 3, item_id="tea", price=2.0, quantity=2)


def test_what_became_of_each_report_is_counted() -> None:
    lists = [event(IMPRESSION), event(CLICK)]
    for reports, joined in (
        ([event(CONVERSION, value=1.0)], {JoinOutcome.MATCHED: 1}),
        ([event(CONVERSION, value=1.0), event(CONVERSION, at_ms=NOON_MS + 1, value=2.0)],
         {JoinOutcome.MATCHED: 1, JoinOutcome.REVISED: 1}),
        ([event(CONVERSION, at_ms=NOON_MS + 1, value=2.0), event(CONVERSION, value=1.0)],
         {JoinOutcome.MATCHED: 1, JoinOutcome.SUPERSEDED: 1}),
        ([BOUGHT, event(CONVERSION, at_ms=NOON_MS + 9, value=2.0, token=None)],
         {JoinOutcome.BOUGHT: 1, JoinOutcome.INFERRED: 1}),
    ):  # fmt: skip
        shown = apply(lists)[0].shown
        assert attribute(shown, list(enumerate(reports)), SETTINGS).joined == joined
