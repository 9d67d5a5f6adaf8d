"""Somebody who has a checkout and the pages, and types their commands."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import time
from typing import TYPE_CHECKING, Any, NamedTuple

import redis

from tests.support.checkout import checkout
from tests.support.doc_walk import Ending, Scene
from tests.support.kafka_topics import produce
from tests.support.model_folders import model_folder, write_sequences
from tests.support.push_log import push_record
from tests.support.traffic import Scenario, make_activities, make_events, messages
from tests.support.waiting import wait_until
from tests.support.wrong_activities import GOOD
from tideline.schemas.topics import Topics
from tideline.scripts.localstack import flink
from tideline.scripts.localstack.paths import FLINK_HOME
from tideline.scripts.localstack.rest import FlinkRest
from tideline.scripts.replays.bounds import moment
from tideline.udfs.core.catalogue.activity import encode_activity
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.push.push_record import encode_push
from tideline.udfs.io.kafka_cluster import KafkaCluster
from tideline.udfs.io.topic_reader import topic_ends

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SECRET = "5e" * 32
_WITHIN_S = 1_200.0
_LIST = "tideline:list:u-00001"
_DAY_MS = 86_400_000
_USERS, _EVENTS, _AGO_MS = 300, 6_000, 6 * 3_600_000


class Typed(NamedTuple):
    """How a command ended, and what it printed to both outputs."""

    status: int
    told: str


class Reader:
    """His stack is `default`; scenes are made anew only where the last command did not leave them."""

    def __init__(self, folder: Path) -> None:
        self.root = checkout(folder)
        self._told = folder.with_name(f"{folder.name}.out")
        self._savepoint = ""
        self._write_files()

    def _write_files(self) -> None:
        models = self.root / "models" / "artefacts"
        shutil.rmtree(models)
        model_folder(models, "demo-1", 0.5)
        model_folder(models, "demo-2", 1.0)
        (self.root / "data").mkdir()
        for name, seed in (("TRAIN.csv", 1), ("TEST.csv", 2), ("data/train.csv", 1), ("data/test.csv", 2)):
            write_sequences(self.root / name, seed)
        (self.root / "spring.json").write_text(json.dumps(GOOD))
        (self.root / "forms.json").write_text(json.dumps(GOOD | {"variants": [{"id": "cow"}, {"id": "goat"}]}))
        (self.root / "kafka.properties").write_text("security.protocol=PLAINTEXT\n")
        self._private("token_keys.json", json.dumps({"1": _SECRET}))

    def _private(self, name: str, text: str) -> None:
        path = self.root / name
        path.touch(mode=0o600)
        path.write_text(text)

    def type(self, line: str, ending: Ending | None = None) -> Typed:
        """Run a line in a shell; one that goes on is interrupted as by Ctrl-C once it has said what it shall."""
        with self._told.open("wb") as out:
            shell = subprocess.Popen(
                ["bash", "-c", line], cwd=self.root, env=self._environment(line), stdout=out, stderr=out,
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        try:
            if ending is not None:
                wait_until(f"{ending.said} is said", lambda: self._has_said(ending.said, shell), state=self._said)
                os.killpg(shell.pid, signal.SIGINT)
            status = shell.wait(_WITHIN_S)
        finally:
            if shell.poll() is None:
                os.killpg(shell.pid, signal.SIGKILL)
                shell.wait()
        if status == 0 and "$FLINK" in line:
            self._wait_running()
        return Typed(status, self._said())

    def _said(self) -> str:
        return self._told.read_text(errors="replace")

    def _has_said(self, text: str, shell: subprocess.Popen[bytes]) -> bool:
        assert shell.poll() is None, self._said()
        return re.search(text, self._said()) is not None

    def must(self, line: str) -> str:
        """Type what a scene needs; AssertionError with its output where it fails."""
        status, told = self.type(line)
        assert status == 0, f"{line}: {status}\n{told}"
        return told

    def _environment(self, line: str) -> dict[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "TIDELINE_", "FLINK"))}
        if "flink" not in line.lower() or not (up := self._status()):
            return kept
        return flink.environment(self._stack, "client") | {
            "FLINK": str(FLINK_HOME),
            "TIDELINE": str(self.root / "dist" / "tideline-job"),
            "SHARED": self._stack.as_uri(),
            "TIDELINE_REDIS_URL": up["redis_url"],
            "TIDELINE_TOKEN_KEYS_FILE": str(self.root / "token_keys.json"),
        }

    @property
    def _stack(self) -> Path:
        return self.root / ".tideline" / "stack" / "default"

    def _status(self) -> dict[str, Any]:
        """Return where the stack is; nothing where it is not up."""
        path = self._stack / "state.json"
        found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
        return found

    @property
    def _rest(self) -> FlinkRest:
        return FlinkRest(self._status()["flink_rest_url"])

    def seen(self) -> dict[str, str]:
        """Return what he has read on his screen and can put into a command."""
        if not (up := self._status()):
            return {}
        kafka = up["kafka_bootstrap"]
        self._private("redis.url", up["redis_url"])
        now_ms = int(time.time() * 1000)
        ends = topic_ends(KafkaCluster(kafka), Topics().policy) if self._running() else {}
        return {
            "kafka": kafka,
            "redis": up["redis_url"].removeprefix("redis://").partition("/")[0],
            "flink": up["flink_rest_url"].removeprefix("http://"),
            "offset": str(max(0, *ends.values(), 0) - 1) if any(ends.values()) else "0",
            "savepoint": self._savepoint,
            "push": push_record().push_id,
            "before": moment(now_ms - _DAY_MS),
            "now": moment(now_ms),
        }

    def remember(self, told: str) -> None:
        """Keep the savepoint that a command has told."""
        found = re.search(r'"savepoint": "([^"]+)"', told)
        self._savepoint = found[1] if found else self._savepoint

    def make(self, scene: Scene) -> None:
        """Make what must be there before a command."""
        if scene is Scene.NOTHING:
            self.must("scripts/stack down")
        elif scene is Scene.CLUSTER:
            self._anew()
        elif scene is Scene.PAST:
            self._past()
        elif scene is Scene.BACKFILL:
            self._past()
            where = f"--bootstrap {self._status()['kafka_bootstrap']} --encoder $TIDELINE/encoders/demo-1"
            self.must(f"$FLINK/bin/flink run -d -py $TIDELINE/interest_job.py backfill {where}")
        elif scene is Scene.LIVE:
            self._live()
        elif scene is Scene.LOST:
            self._lose()

    def _anew(self) -> None:
        self.must("scripts/stack down && scripts/stack up --taskmanagers 2 && scripts/package")
        shutil.copy(self.root / "token_keys.json", self._stack / "token_keys.json")

    def _past(self) -> None:
        self._anew()
        self.must("scripts/topics")
        self._fill()

    def _fill(self) -> None:
        kafka, now_ms = self._status()["kafka_bootstrap"], int(time.time() * 1000)
        activities = make_activities(60, now_ms)
        produce(kafka, Topics().activities, [(each.activity_id.encode(), encode_activity(each)) for each in activities])
        produce(kafka, Topics().push, [(b"u1", encode_push(push_record(number=at))) for at in range(3)])
        keys = TokenKeys({1: bytes.fromhex(_SECRET)}, 1)
        events = make_events(Scenario(3, _USERS, _EVENTS, activities, keys, now_ms - _AGO_MS))
        produce(kafka, Topics().clickstream, messages(events))

    def _live(self) -> None:
        if not self._running():
            self._past()
            self.must("scripts/submit live")
        with redis.Redis.from_url(self._status()["redis_url"]) as store:
            if not any(topic_ends(KafkaCluster(self._status()["kafka_bootstrap"]), Topics().activities).values()):
                self._fill()
            elif not store.exists(_LIST):  # a job that goes on from a backfill writes none before it is told to
                self.must("scripts/control republish id=again")
            wait_until("somebody has a list", lambda: store.exists(_LIST))

    def _lose(self) -> None:
        if not self._running() or not any((self._stack / "checkpoints" / "submitted").glob("*.json")):
            self.make(Scene.NOTHING)
            self._live()
        (job,) = self._running()
        self._rest.wait_checkpoints(job, 1)
        self._rest.cancel(job)
        self._rest.wait_state(job, ["CANCELED"])

    def _running(self) -> list[str]:
        """Return the ids of jobs that run."""
        if not self._status():
            return []
        return [job for job, state in self._rest.jobs().items() if state == "RUNNING"]

    def _wait_running(self) -> None:
        (job,) = wait_until("a job runs", self._running)
        self._rest.wait_running(job)

    def leave(self) -> None:
        """End every stack, also those of benchmarks that were interrupted."""
        for folder in self._stack.parent.glob("*/"):
            self.type(f"scripts/stack down --name {folder.name}")


def reading(folder: Path) -> Iterator[Reader]:
    """Yield a reader; at the end nothing of his runs."""
    reader = Reader(folder)
    try:
        yield reader
    finally:
        reader.leave()
