"""Variants in a running job: lists name them, and what comes of each is told."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.equality import check_equal
from tests.support.running_job import running_job
from tests.support.scenes import now_ms, view
from tests.support.traffic import Message
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.commands.variants import main
from tideline.udfs.core.catalogue.activity import Activity, decode_activity
from tideline.udfs.core.catalogue.competing import Variant

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.live import LiveJob
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

_DAY_MS = 86_400_000
_HOUR_MS = 3_600_000
THREE = ("red", "blue", "cow")
USERS = [f"varied-{number}" for number in range(60)]
SEEN_MS = now_ms() - 2 * _HOUR_MS


def activities() -> list[Activity]:
    """One with three variants, one whose two variants earn, and some without any."""
    start, end = now_ms() - _DAY_MS, now_ms() + 10 * _DAY_MS
    variants = tuple(Variant(name) for name in THREE)
    varied = Activity("v0", "coupon", "of a test", start, end, variants=variants)
    earning = replace(varied, activity_id="v1", variants=variants[1:], split="earn")
    return [varied, earning, *(Activity(f"v{number}", "coupon", "of a test", start, end) for number in range(2, 5))]


def shown(job: LiveJob, activity_id: str, at_ms: int) -> tuple[list[Message], Counter[str], Counter[str]]:
    """An impression by every user, and a click by those who see the cow; impressions and clicks by variant."""
    found, seen, clicked = [], Counter[str](), Counter[str]()
    for user, payload in job.lists(USERS).items():
        listed = json.loads(payload)
        place = listed["i"].index(activity_id)
        name = listed["p"][place]
        assert [each for each, which in zip(listed["i"], listed["p"], strict=True) if which] in (
            ["v0", "v1"],
            ["v1", "v0"],
        )
        kinds = [EventType.IMPRESSION, *([EventType.CLICK] if name == "cow" else [])]
        for kind in kinds:
            event = Event(f"{user}.{activity_id}.{kind}", user, kind, at_ms, activity_id=activity_id, token=listed["k"],
                          position=place)  # fmt: skip
            found.append(Message(user.encode(), encode_event(event)))
        seen[name] += 1
        clicked[name] += name == "cow"
    return found, seen, clicked


@pytest.fixture
def job(stack: Stack) -> Iterator[LiveJob]:
    """A job that has ranked everybody; cancelled at the end."""
    with running_job(stack, "va", activities()) as running:
        running.produce([view(user, SEEN_MS) for user in USERS])
        running.drain()
        yield running


def logged(job: LiveJob, count: int) -> list[dict[str, Any]]:
    """All decisions of the job, once there are so many."""

    def read() -> list[dict[str, Any]]:
        return [DECISION.decode(each.value) for each in job.read(job.topics.decisions) if each.value is not None]

    wait_until("all decisions are logged", lambda: len(read()) == count)
    return read()


def test_variants_are_listed_counted_and_told(job: LiveJob, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: lists are the oracle's to the byte; the status has exactly the users and clicks that were sent.

    Shares that earn move to what was clicked; the winner alone is what the topic then holds.
    """
    messages, seen, clicked = shown(job, "v0", SEEN_MS + 1000)
    earning, of_earning, _ = shown(job, "v1", SEEN_MS + 2000)
    assert set(seen) == set(THREE)
    assert min(of_earning["blue"], of_earning["cow"]) > len(USERS) / 4
    job.produce([*messages, *earning])
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())
    _, again, _ = shown(job, "v0", SEEN_MS)
    assert again == seen
    _, moved, _ = shown(job, "v1", SEEN_MS)
    assert moved["cow"] > len(USERS) * 3 / 4

    records = [each for each in logged(job, 2 * len(USERS)) if each["activity_id"] == "v0"]
    assert Counter(each["variant"] for each in records) == seen
    assert {each["variant_share"] for each in records} == {86 / 256, 85 / 256}

    of_job = ["--stack", job.stack.name, f"--suffix=-{job.tag}"]
    capsys.readouterr()
    assert main(["status", "v0", "--json", *of_job]) == 3
    told = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert {each["id"]: each["users"] for each in told["variants"]} == seen
    assert {each["id"]: each["clicks"] for each in told["variants"]} == {name: clicked[name] for name in THREE}
    assert (told["users"], told["verdict"], told["left_out"]) == (len(USERS), "undecided", 0)

    assert main(["stop", "v0", "--keep", "cow", *of_job]) == 0
    assert capsys.readouterr().out == "v0: cow alone\n"
    newest = job.read(job.topics.activities)[-1]
    alone = decode_activity(newest.key, newest.value)
    assert alone is not None
    assert (alone.activity_id, alone.variants, alone.labels) == ("v0", (), {"variant": "cow"})
