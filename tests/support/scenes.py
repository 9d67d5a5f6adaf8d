"""What tests of the live job send and order."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tests.support.traffic import Message, Scenario, make_events
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType

if TYPE_CHECKING:
    from tests.support.live import LiveJob
    from tideline.udfs.core.control.control import Command

_HOUR_MS = 3_600_000


def now_ms() -> int:
    return int(time.time() * 1000)


def scenario(job: LiveJob, seed: int, prefix: str, events: int = 3_000, users: int = 200) -> list[Event]:
    """Events of an earlier part of the day: what is shown and clicked lies in the past."""
    activities = tuple(job.oracle.ranker.offers.activities.values())
    start_ms = now_ms() - 6 * _HOUR_MS
    return make_events(Scenario(seed, users, events, activities, job.token_keys, start_ms, prefix))


def view(user: str, at_ms: int, number: int = 0) -> Message:
    event = Event(f"{user}.v{number}", user, EventType.VIEW, at_ms, item_id="item-3", category="CHEESE")
    return Message(user.encode(), encode_event(event))


def act(job: LiveJob, order: Command) -> None:
    """Give an order to the rankers and wait until they have carried it out."""
    before = job.metrics()["control_applied"]
    job.command(order)
    wanted = before + job.config.parallelism
    wait_until("the command is carried out", lambda: job.metrics()["control_applied"] >= wanted)
