"""The demo: real shopping data through the real job, simulated visitors in front of it. `tideline demo`."""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from kafka.errors import KafkaError
from redis.exceptions import RedisError

from tideline.schemas.errors import ConfigError, Unavailable
from tideline.scripts.audit.decision_audit import audit
from tideline.scripts.benchmarks.offline.value.demo_yardsticks import demo_yardsticks
from tideline.scripts.commands.exits import failed
from tideline.scripts.localstack import StackError
from tideline.scripts.parsers.verbs import parse
from tideline.scripts.simulation import demo_report as report
from tideline.scripts.simulation import showcase
from tideline.scripts.simulation.clickstream import read_decisions
from tideline.scripts.simulation.demo_error import DemoError
from tideline.scripts.simulation.picture import Drawn, draw
from tideline.scripts.simulation.play import Play
from tideline.scripts.simulation.push_story import push_lines, push_story
from tideline.scripts.simulation.rule_story import rule_story, story_lines
from tideline.scripts.simulation.stage import Stage
from tideline.scripts.simulation.ticker import Progress, say
from tideline.scripts.simulation.world import FROM, PAST, UNTIL, make_ruled_world
from tideline.udfs.io.topic_reader import read_topic

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from tideline.scripts.audit.decision_audit import Audit
    from tideline.scripts.commands.backfill import Backfilled
    from tideline.scripts.simulation.clickstream import Clickstream
    from tideline.scripts.simulation.world import World

SEED = 1
_LITTLE = 0.02


def main(argv: Sequence[str]) -> int:
    """Exit status 0 when lists were served, every decision kept what is promised and the job runs well, 1 when not."""
    arguments = parse("demo", argv)
    try:
        run(arguments)
    except (ConfigError, DemoError, KafkaError, RedisError, StackError, Unavailable) as error:
        return failed("demo", error)
    return 0


def run(arguments: argparse.Namespace) -> None:
    """Run the demo from an empty stack to the report.

    Raises:
        DemoError, StackError: something did not work; the message says what.
    """
    with ThreadPoolExecutor(1) as background:
        say("starting the stack, and reading a year of shopping meanwhile")
        making = background.submit(make_ruled_world, SEED)
        telling = background.submit(lambda: push_story(making.result(), SEED))
        with Stage(arguments.keep) as stage:
            world = making.result()
            comparing = background.submit(demo_yardsticks, SEED, world.slices)
            clickstream, past = _open(world, stage)
            yardsticks = comparing.result()
            play = _play(world, stage, clickstream)
            state = stage.settled_state(play.events)
            stage.check_healthy()
            users = sum(payload is not None for payload in stage.lists.read(world.users))
            decisions = read_decisions(stage.stack.kafka, stage.topics.decisions)
            known = {each.activity.activity_id: each.activity for each in world.offers}
            audited = audit(decisions, known, world.list_rules)
            story = rule_story(list(read_topic(stage.stack.kafka, stage.topics.policy)), world, play.shown)
            found = report.document(play, state, users, past, yardsticks, audited)
            found |= {"rules": story.rules, "variants": story.variants, "pushes": telling.result().figures()}
            lines = [*report.summary(play, found, past), *story_lines(story), *push_lines(telling.result())]
            lines += _showcase(world, play, decisions)
            draw(arguments.picture, Drawn(world, play.tally, play.slices_played, yardsticks, story.spending))
            lines.append(f"click rate and spending over time: {arguments.picture}")
            if arguments.keep:
                stage.reopen(world)
                last = play.shown[-1].visit.household
                lines += stage.look_around(world.users[last], _far_from(world, last))
            _print(lines, found, arguments.json)
            _check(found, audited)


def _check(found: dict[str, Any], audited: Audit) -> None:
    if not (found["lists"] and found["users"]):
        raise DemoError("the job wrote no list")
    if audited.broken:
        raise DemoError("; ".join(audited.examples))
    if found["pushes"]["broken"]:
        raise DemoError(f"messages broke promises: {found['pushes']['broken']}")


def _open(world: World, stage: Stage) -> tuple[Clickstream, Backfilled]:
    say(
        f"{world.organic_events:,} events of {len(world.users):,} households, {FROM:%d %b} to {UNTIL:%d %b %Y}; "
        f"{sum(len(part.visits) for part in world.slices):,} simulated visits; {len(world.offers)} coupon activities; "
        f"clicks are {world.clicks.clicks_per_redemption:.1f} times as frequent as redemptions were"
    )
    past = world.past.stop - world.past.start
    say(f"before that: {past:,} events of {PAST.days} days, which a backfill takes in first")
    return stage.open(world)


def _play(world: World, stage: Stage, clickstream: Clickstream) -> Play:
    try:
        play = Play(world, clickstream, stage.lists, SEED, stage.is_learned)
        with Progress(play, stage.state):
            play.run()
    finally:
        clickstream.close()
    return play


def _showcase(world: World, play: Play, decisions: Sequence[dict[str, Any]]) -> list[str]:
    chosen = showcase.choose(play.shown)
    if chosen is None:
        return ["Nobody clicked on a list of his own and came again."]
    user = world.users[chosen[0].visit.household]
    mine = [each for each in decisions if each["user_id"] == user]
    return showcase.describe(world, play.shown, *chosen, mine)


def _far_from(world: World, household: int) -> str:
    """Return a category that the household buys little of and an offer is all about: a view of it moves its list."""
    share = world.share[household]
    about = [offer.activity.categories for offer in world.offers]
    return about[min(range(len(about)), key=lambda at: (share[at] > _LITTLE, len(about[at])))][0]


def _print(lines: list[str], found: dict[str, Any], as_json: bool) -> None:
    out = sys.stderr if as_json else sys.stdout
    print("\n".join(lines), file=out, flush=True)
    if as_json:
        print(json.dumps(found))
