"""Contract: on the running job each user has a list for every placement, and events count for the list they are of."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.running_job import running_job
from tests.support.scenes import act, scenario
from tests.support.traffic import Message, make_activities, messages
from tests.support.waiting import wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.errors import Reason
from tideline.schemas.events import Event, EventType
from tideline.schemas.records import DECISION
from tideline.scripts.commands.archive import archive
from tideline.scripts.commands.export_log import write
from tideline.scripts.commands.send_event import main as send
from tideline.scripts.commands.show_list import main as show_list
from tideline.scripts.commands.target import Target
from tideline.udfs.core.control.control import SetExamination
from tideline.udfs.core.lists.decision_token import propensity, verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.oracle import Recorded
    from tideline.scripts.localstack import Stack

pytestmark = [pytest.mark.integration, pytest.mark.slow]

PLACEMENTS = json.dumps([
    {"name": "banner", "number": 7, "size": 1, "groups": ["tea"], "exploration": 0.25},
    {"name": "cart", "number": 2, "size": 4, "apart_from": ["default", "banner"],
     "list_rules": [{"by": "kind", "penalty": [0, 0, "ban"]}]},
])  # fmt: skip
_SHOWN = 30


@pytest.fixture(scope="module")
def placed(stack: Stack) -> Iterator[LiveJob]:
    """A job with two placements; cancelled at the end."""
    made = make_activities(60, int(time.time() * 1000))
    activities = [replace(each, group="tea" if at % 4 == 0 else None) for at, each in enumerate(made)]
    options = {"placements": PLACEMENTS, "exploration": "0.1", "holdout": "0.2", "salt": "p"}
    with running_job(stack, "places", activities, **options) as live:
        live.produce(messages(scenario(live, 1, "placed", events=1_000, users=100)))
        live.settle()
        yield live


def items(payload: bytes) -> list[str]:
    found: list[str] = json.loads(payload)["i"]
    return found


def test_every_user_has_a_list_of_each_placement_and_it_is_the_oracles(placed: LiveJob) -> None:
    """Contract: default lists are written as without placements; no activity is on two lists that are apart."""
    default = placed.all_lists()
    check_equal(placed.oracle.lists, default)
    lists = {name: placed.placed_lists(name) for name in ("banner", "cart")}
    for name, found in lists.items():
        assert len(found) > 80
        check_equal(placed.oracle.placed[name], found)
    activities = placed.oracle.ranker.offers.activities
    assert {len(items(each)) for each in lists["cart"].values()} <= {0, 1, 2, 3, 4}
    for user, payload in default.items():
        banner, cart = items(lists["banner"][user]), items(lists["cart"][user])
        assert {activities[name].group for name in banner} <= {"tea"}
        assert not {*cart} & {*banner, *items(payload)}
        assert json.loads(lists["cart"][user])["v"] == json.loads(payload)["v"]


def test_popular_lists_of_placements_are_there(placed: LiveJob, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: and `tideline list` finds them."""
    where = ["--redis-url", placed.stack.redis_url, "--prefix", placed.config.prefix, "--json"]
    found = []
    for name in ("banner", "cart"):
        assert show_list(["--popular", "--placement", name, *where]) == 0
        found.append([each["activity_id"] for each in json.loads(capsys.readouterr().out)["entries"]])
    assert not {*found[0]} & {*found[1]}


def test_an_event_by_hand_is_of_the_list_that_is_named(placed: LiveJob, capsys: pytest.CaptureFixture[str]) -> None:
    """Contract: `tideline send --placement` takes token and place of that list, and shows the one that comes of it."""
    user, payload = next((user, each) for user, each in placed.placed_lists("cart").items() if items(each))
    where = ["--stack", placed.stack.name, "--topics", placed.options["topics"], "--prefix", placed.config.prefix]
    about = ["--type", "click", "--activity", items(payload)[-1], "--placement", "cart"]
    assert send([user, *about, "--json", *where]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["event"]["token"], told["event"]["position"]) == (json.loads(payload)["k"], len(items(payload)) - 1)
    placed.drain()
    assert told["after"]["version"] == json.loads(placed.placed_lists("cart")[user])["v"]


def test_events_count_for_the_list_they_are_of(placed: LiveJob, tmp_path: Path) -> None:
    """Contract: decisions name the placement, with chances as the token states them; one list's token is no proof of
    another one's place; places weigh by the placement's own order, and the export tells the clicks of each, from an
    archive the same."""
    act(placed, SetExamination((1.0, 0.5), placement="cart"))
    now_ms = int(time.time() * 1000)
    default, lists = placed.all_lists(), placed.placed_lists("cart")
    users = [user for user, payload in lists.items() if len(items(payload)) > 1][:_SHOWN]
    events: list[Event] = []
    for user in users:
        for payload in (default[user], lists[user]):
            found = json.loads(payload)
            for kind in (EventType.IMPRESSION, EventType.CLICK):
                about = {"activity_id": found["i"][1], "token": found["k"], "position": 1}
                events.append(Event(f"{user}.{kind}.{len(events)}", user, kind, now_ms, **about))
    wrong = json.loads(lists[users[0]])
    about = {"activity_id": items(default[users[0]])[0], "token": wrong["k"], "position": 0}
    events.append(Event("the wrong place", users[0], EventType.CLICK, now_ms, **about))
    placed.produce([Message(event.user_id.encode(), encode_event(event)) for event in events])
    placed.drain()

    def shown() -> dict[tuple[str, str], dict[str, object]]:
        records = [DECISION.decode(record.value) for record in placed.read(placed.topics.decisions) if record.value]
        return {(each["user_id"], each["placement"]): each for each in records if each["shown_ms"] == now_ms}

    found = wait_until("every shown entry is a decision", lambda: got if len(got := shown()) == 2 * len(users) else {})
    for user in users:
        token = verify(json.loads(lists[user])["k"], user, placed.token_keys)
        record = found[user, "cart"]
        assert record["propensity"] == propensity(token, 1)
        assert str(record["decision_id"]) == f"{found[user, '']['decision_id']}.2"
    refused = wait_until("the wrong one is refused", lambda: letters_about(placed, b"the wrong place"))
    assert [dict(each.headers)["reason"].decode() for each in refused] == [Reason.FOREIGN_TOKEN]
    target = Target(placed.stack.kafka, placed.topics, placed.stack)
    write(target, tmp_path / "live.parquet", 1.0)
    table = parquet.read_table(tmp_path / "live.parquet")
    archive(target, tmp_path, 3)
    write(target, tmp_path / "log.parquet", 1.0, tmp_path)
    assert parquet.read_table(tmp_path / "log.parquet").equals(table)
    rows = table.to_pylist()
    told = [(row["placement"], row["click"]) for row in rows if row["ts_ms"] == now_ms]
    assert sorted(told) == [("", 1)] * len(users) + [("cart", 1)] * len(users)


def letters_about(job: LiveJob, text: bytes) -> list[Recorded]:
    return [each for each in job.read(job.topics.dead_letters) if text in (each.value or b"")]
