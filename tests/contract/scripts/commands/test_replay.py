"""Contract: a replay is asked about, cancelled, watched and told again by its name: Flink's answers, a real Redis."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import Counter
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
import redis

from tests.support.live import ENCODERS
from tideline.scripts.commands.replay import main
from tideline.scripts.localstack import Stack
from tideline.scripts.localstack.rest import FlinkRest
from tideline.scripts.replays.kept import Kept, keep, kept_of
from tideline.udfs.core.serving.batches.fates import encode_fates

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.contract.conftest import Server

Captured = pytest.CaptureFixture[str]
_JOB = "a" * 32
_OPTIONS = {
    "name": "july", "encoder": str(ENCODERS / "demo-1"), "from_offsets": '{"0": 10, "1": 0}',
    "to_offsets": '{"0": 40, "1": 4}',
}  # fmt: skip
_NAME = "0.Source__clickstream.KafkaSourceReader.topic.clickstream.partition.0.currentOffset"


class JobManager(BaseHTTPRequestHandler):
    """Says of one job what Flink's REST server says."""

    state = "RUNNING"
    cancelled = 0

    def do_GET(self) -> None:
        """Answer what is asked of the job."""
        path, _, query = self.path.removeprefix(f"/jobs/{_JOB}").partition("?")
        answers: dict[str, Any] = {
            "/jobs": {"jobs": [{"id": _JOB, "status": self.state}]},
            "": {"vertices": [{"name": "Source: clickstream[1]", "id": "v"}], "state": self.state},
            "/status": {"status": self.state},
            "/checkpoints": {"counts": {"completed": 1, "failed": 0, "in_progress": 0, "restored": 0}},
            "/vertices/v/metrics": [{"id": _NAME, "value": "21"}] if query else [{"id": _NAME}],
            "/exceptions": {"exceptionHistory": {"entries": [{"stacktrace": "java.lang.Boom"}]}},
        }
        self._say(answers[path])

    def do_PATCH(self) -> None:
        """Cancel it."""
        type(self).state, type(self).cancelled = "CANCELED", self.cancelled + 1
        self._say(None)

    def _say(self, answer: object) -> None:
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing on standard error."""


@contextmanager
def _serving(state: str) -> Iterator[tuple[type[JobManager], str]]:
    handler = type("Its", (JobManager,), {"state": state})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.01,))
        thread.start()
        yield cast("type[JobManager]", handler), f"http://127.0.0.1:{http.server_port}"
        http.shutdown()
        thread.join()


class Its:
    """A stack whose Flink has the job in some state, and the command line."""

    def __init__(self, root: Path, url: str, redis_url: str, capsys: Captured) -> None:
        self.root, self.redis_url, self.flink_rest_url, self.rest = root, redis_url, url, FlinkRest(url)
        self.name, self.kafka_bootstrap, self._capsys = "its", "127.0.0.1:1", capsys
        self.secured = None

    def run(self, *argv: str, name: str = "july") -> tuple[int, dict[str, Any], list[str]]:
        """Run the command; return its status, what it printed and what it said."""
        self._capsys.readouterr()
        status = main(["--name", name, *argv])
        told = self._capsys.readouterr()
        return status, json.loads(told.out) if told.out else {}, told.err.splitlines()


@pytest.fixture
def prefix(request: pytest.FixtureRequest) -> str:
    """The first part of a test's own keys."""
    return hashlib.sha256(request.node.name.encode()).hexdigest()[:12]


@contextmanager
def replay_in(
    state: str, tmp_path: Path, server: Server, prefix: str, capsys: Captured
) -> Iterator[tuple[Its, type[JobManager]]]:
    """Yield a stack with a replay that was submitted."""
    with _serving(state) as (handler, url), pytest.MonkeyPatch.context() as patched:
        its = Its(tmp_path, url, server.url, capsys)
        patched.setattr(Stack, "attach", lambda _: its)
        keep(tmp_path, "july", Kept(_OPTIONS | {"prefix": prefix}, (_JOB,)))
        yield its, handler


def _written(server: Server, prefix: str, **parts: dict[int, Counter[str]]) -> str:
    """Write what a replay leaves; return the digest of its two lists."""
    with redis.Redis.from_url(server.url) as client:
        for user in ("u1", "u2"):
            client.set(f"{prefix}@july:list:{user}", f"list of {user}")
        for shard, fates in parts.items():
            client.set(f"{prefix}@july:tally:{shard}", encode_fates(fates, 1))
    told = b"".join(
        len(each).to_bytes(8, "big") + each for each in (b"list:u1", b"list of u1", b"list:u2", b"list of u2")
    )
    return hashlib.sha256(told).hexdigest()


def test_one_that_has_ended_is_told_again_as_often_as_asked(
    tmp_path: Path, server: Server, prefix: str, capsys: Captured
) -> None:
    """Contract: what became of every record, the digest; the same once Flink and Redis have forgotten it."""
    more = {0: Counter(duplicate=4, bad_json=5), 1: Counter(accepted=4)}
    sha256 = _written(server, prefix, a={0: Counter(accepted=20, late=1)}, b=more)
    with replay_in("FINISHED", tmp_path, server, prefix, capsys) as (its, _):
        status, found, said = its.run("--resume")
        assert (status, found["records"], found["lists"], found["digest"]) == (0, 34, 2, sha256)
        assert (found["differences"], found["state"], found["job"]) == ([], "FINISHED", _JOB)
        assert found["partitions"]["0"] == {
            "from": 10, "to": 40, "records": 30, "accepted": 20, "duplicates": 4, "late": 1,
            "rejected": {"bad_json": 5}, "passed_over": 0,
        }  # fmt: skip
        assert said[0] == (
            "replay: partition 0, offsets 10 to 40: 30 records = 20 accepted + 4 duplicates + 1 late + 5 rejected "
            "(bad_json 5)"
        )
    with redis.Redis.from_url(server.url) as client:
        client.delete(f"{prefix}@july:tally:a", f"{prefix}@july:list:u1")
    with replay_in("FINISHED", tmp_path, server, prefix, capsys) as (its, _):
        keep(tmp_path, "july", kept_of(tmp_path, "july").ended(found))
        assert its.run("--status")[1] == its.run("--cancel")[1] == found


def test_one_that_runs_is_asked_about_and_cancelled(
    tmp_path: Path, server: Server, prefix: str, capsys: Captured
) -> None:
    """Contract: how many records are read; given twice it is cancelled once."""
    with replay_in("RUNNING", tmp_path, server, prefix, capsys) as (its, handler):
        status, found, _ = its.run("--status")
        assert (status, found["state"], found["read"], found["records"]) == (0, "RUNNING", 12, 34)
        assert (found["lists"], found["digest"], found["differences"]) == (None, None, None)
        assert [its.run("--cancel")[1]["state"] for _ in range(2)] == ["CANCELED"] * 2
        assert handler.cancelled == 1


def test_one_that_fails_while_it_is_watched_says_of_what(
    tmp_path: Path, server: Server, prefix: str, capsys: Captured
) -> None:
    """Contract: exit status 1 and Flink's reason; a name that nobody gave, and an option that changes lists, too."""
    with replay_in("RUNNING", tmp_path, server, prefix, capsys) as (its, handler):
        timer = threading.Timer(0.3, lambda: setattr(handler, "state", "FAILED"))
        timer.start()
        status, found, said = its.run("--resume")
        timer.join()
        assert (status, found) == (1, {})
        assert said[-2:] == [f"replay: job {_JOB} is FAILED", "java.lang.Boom"]
        assert its.run("--status", name="june")[2] == ["replay: there is no replay 'june'; there are: july"]
        (line,) = its.run("--resume", "--policy", "thompson")[2]
        assert line.startswith("replay: policy='thompson' cannot be used; allowed: with --resume no other option")


def test_a_name_whose_lists_are_there_or_that_runs_is_none_for_another(
    tmp_path: Path, server: Server, prefix: str, capsys: Captured
) -> None:
    """Contract: a list that is newer would stay and be taken for one of the new replay."""
    from tideline.scripts.commands.replay import _config, _refuse_used
    from tideline.scripts.localstack import StackError

    with replay_in("RUNNING", tmp_path, server, prefix, capsys) as (its, handler):
        stack = cast("Stack", its)
        config = _config(stack, kept_of(tmp_path, "july").options)
        with pytest.raises(StackError, match="replay 'july' runs"):
            _refuse_used(stack, config)
        handler.state = "FINISHED"
        _refuse_used(stack, config)
        _written(server, prefix)
        with pytest.raises(StackError, match=f"{prefix}@july has lists of a former replay"):
            _refuse_used(stack, config)
