"""What the demo runs on: a stack of its own with the topics made, the activities published and the job running."""

from __future__ import annotations

import shlex
import time
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

from tideline.models.prepare.completejourney import events_of
from tideline.schemas.topics import Topics
from tideline.scripts.commands.backfill import backfill, go_live
from tideline.scripts.commands.topics import ensure_topics
from tideline.scripts.diagnosis.job_metrics import JobMetrics
from tideline.scripts.localstack import Stack, StackRequest
from tideline.scripts.localstack.console_process import start_console
from tideline.scripts.localstack.launch import take_down
from tideline.scripts.localstack.paths import KAFKA_JARS, java
from tideline.scripts.simulation.clickstream import Clickstream
from tideline.scripts.simulation.demo_error import DemoError
from tideline.scripts.simulation.demo_report import taken_in
from tideline.scripts.simulation.demo_rules import QUOTA
from tideline.scripts.simulation.lists import RedisLists
from tideline.scripts.simulation.ticker import JobState, say
from tideline.udfs.core.learning.intake import Refusal
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from types import TracebackType

    from tideline.scripts.commands.backfill import Backfilled
    from tideline.scripts.simulation.world import World

STACK = "demo"
PREFIX = "tideline"
_OPTIONS = {"prefix": PREFIX, "list_rules": QUOTA, "publish_ms": "500"}
"""A simulated day passes in seconds: budgets and stops are told four times as often as they are by default."""
_SETTLE_S = 10.0
_LISTED_WITHIN_S = 30.0
_OPEN_AGAIN_S = 30 * 86_400.0


class Stage:
    """As a context manager it takes the stack down at the end, unless it is to be kept."""

    def __init__(self, keep: bool) -> None:
        take_down(STACK)  # what an earlier run kept: every run starts from nothing
        self._keep = keep
        self.topics = Topics()
        self.stack = Stack.up(StackRequest(STACK), say)
        self.lists = RedisLists(self.stack.redis_url, PREFIX)
        self._metrics = JobMetrics()
        self._learned = JobMetrics()
        self._job_id = ""

    def __enter__(self) -> Stage:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.lists.close()
        if error is None and self._keep:
            return
        say("taking the stack down")
        self.stack.down()

    def open(self, world: World) -> tuple[Clickstream, Backfilled]:
        """Make the topics, publish the world's activities, take its past in and go live with a list for everybody.

        Raises:
            DemoError, StackError, Unavailable: the past could not be taken in, or the job does not run.
        """
        ensure_topics(self.stack.kafka, self.topics)
        clickstream = Clickstream(self.stack.kafka_bootstrap, self.topics)
        clickstream.publish(offer.activity for offer in world.offers)
        for event in events_of(world.columns, world.past):
            clickstream.send(event)
        clickstream.flush()
        say("submitting the backfill with flink run")
        past = backfill(self.stack, _OPTIONS)
        say(f"{taken_in(past)}; going live from its savepoint")
        self._job_id = go_live(self.stack, _OPTIONS, past["savepoint"])
        self._wait_for_lists(sorted({str(user) for user in world.columns.user[world.past].tolist()}))
        return clickstream, past

    def _wait_for_lists(self, users: list[str]) -> None:
        """Wait until each of these has a list; who has none after a while comes to the popular one."""
        deadline_s = time.monotonic() + _LISTED_WITHIN_S
        while None in self.lists.read(users) and time.monotonic() < deadline_s:
            time.sleep(0.2)

    def state(self) -> JobState:
        """Return what the job says about itself and what is in its topics; replace a TaskManager that was lost."""
        # Attached anew, for somebody may have replaced a TaskManager meanwhile.
        stack = Stack.attach(STACK)
        for name in stack.replace_lost_taskmanagers():
            say(f"{name} has ended; another one is started and the job goes on from its last checkpoint")
        self._metrics.read(stack.prometheus_urls.values())
        return JobState(
            records=self._metrics.total("records"),
            lists=self._metrics.total("redis_written"),
            dead_letters=sum(topic_ends(self.stack.kafka, self.topics.dead_letters).values()),
            policies=self._metrics.total("policy_rows_published"),
        )

    def is_learned(self) -> bool:
        """Return whether the learner has added all the feedback that the rankers sent."""
        self._learned.read(self.stack.prometheus_urls.values())
        refused = sum(self._learned.total(f"feedback_refused_{reason}") for reason in Refusal)
        return self._learned.total("feedback") == self._learned.total("feedback_rows") + refused

    def settled_state(self, events: int) -> JobState:
        """Return the state when the job's counters show all events sent, or as it is after some seconds."""
        deadline_s = time.monotonic() + _SETTLE_S
        while (state := self.state()).records < events and time.monotonic() < deadline_s:
            time.sleep(0.5)
        return state

    def check_healthy(self) -> None:
        """Raise DemoError unless every task of the job runs."""
        if not self.stack.rest.all_running(self._job_id):
            raise DemoError(
                f"the job is {self.stack.rest.job_state(self._job_id)}\n{self.stack.rest.root_exception(self._job_id)}"
            )

    def reopen(self, world: World) -> None:
        """Let the activities, which ended in 2017, be shown for as long again from now: an event of today gets a list.

        Raises:
            DemoError: Kafka does not take them.
        """
        until_ms = int((time.time() + _OPEN_AGAIN_S) * 1000)
        clickstream = Clickstream(self.stack.kafka_bootstrap, self.topics)
        clickstream.publish(replace(offer.activity, ends_ms=until_ms) for offer in world.offers)
        clickstream.close()

    def look_around(self, user: str, category: str) -> list[str]:
        """Start the console, and return commands to look at what was kept, and to try it as this user.

        An event about the category moves his list.
        """
        bootstrap = self.stack.kafka_bootstrap
        console = start_console(STACK, f"playground?user={quote(user)}")
        show = f"scripts/tideline list --stack {STACK}"
        about = f"--category {shlex.quote(category)} --stack {STACK}"
        consume = f"{java()} -cp '{KAFKA_JARS}/*' org.apache.kafka.tools.consumer.ConsoleConsumer"
        options = f"--bootstrap-server {bootstrap} --from-beginning --max-messages 5 --property print.key=true"
        return [
            "Everything is still running:",
            f"  one list          {show} {shlex.quote(user)} --why",
            f"  the popular list  {show} --popular",
            f"  a view of today   scripts/tideline send {shlex.quote(user)} {about}   # and how the list changes",
            f"  decisions         {consume} {options} --topic {self.topics.decisions}",
            f"  the console       {console}",
            f"  Flink             {self.stack.flink_rest_url}",
            f"  metrics           {next(iter(self.stack.prometheus_urls.values()), '')}",
            f"  the end           scripts/stack down --name {STACK}",
        ]
