"""Events as the demo sends them."""

from tideline.models.prepare.completejourney import events_of
from tideline.schemas.codec import encode_event
from tideline.scripts.simulation.world import World


def test_organic_events_can_be_sent(world: World) -> None:
    part = world.slices[6]
    events = list(events_of(world.columns, part.rows))
    assert len(events) == part.rows.stop - part.rows.start > 0
    assert all(part.start_ms <= event.ts_ms < part.end_ms and encode_event(event) for event in events)
