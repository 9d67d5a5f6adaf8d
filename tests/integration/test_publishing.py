"""Contract: encoders are published, refused and rolled back by the operator's command under load, without a restart."""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.equality import check_equal
from tests.support.live import LiveJob
from tests.support.model_folders import change_manifest, model_folder, write_sequences
from tests.support.traffic import CATEGORIES, Message, Scenario, make_events, messages
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.models.registry import current
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.commands import tideline
from tideline.udfs.core.lists.decision_token import verify
from tideline.udfs.core.policies.arm_key import PRIOR_ID, decode_row_key
from tideline.udfs.core.policies.policy_table import decode_row

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from tideline.udfs.core.policies.policy_table import PolicyRow

pytestmark = [pytest.mark.integration, pytest.mark.slow]
_USERS = 300
_SWAPS = 50


class Load:
    """While it is open: about 300 views a second, and every list that comes of them is looked at."""

    def __init__(self, job: LiveJob) -> None:
        self.produced = 0
        self.encoders: Counter[int] = Counter()
        self.wrong: list[str] = []
        self._job = job
        self._seen: dict[str, bytes] = {}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=each, daemon=True) for each in (self._produce, self._watch)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE_S)
        assert not any(thread.is_alive() for thread in self._threads)

    def wait_lists_of(self, encoder: int) -> None:
        """Wait until so many users' lists were seen anew, ranked by an encoder, that it serves everybody."""
        before = self.encoders[encoder]
        wait_until(f"lists of encoder {encoder}", lambda: self.encoders[encoder] > before + _USERS)

    def _produce(self) -> None:
        while not self._stop.wait(0.1):
            self._job.produce([self._view(self.produced + at) for at in range(30)])
            self.produced += 30

    def _view(self, number: int) -> Message:
        user, category = f"pub-{number % _USERS}", CATEGORIES[number % len(CATEGORIES)]
        ts_ms = int(time.time() * 1000)
        event = Event(f"p{number}", user, EventType.VIEW, ts_ms, item_id=f"item-{number % 50}", category=category)
        return Message(user.encode(), encode_event(event))

    def _watch(self) -> None:
        users = [f"pub-{number}" for number in range(_USERS)]
        while not self._stop.wait(0.05):
            for user, payload in self._job.lists(users).items():
                if self._seen.get(user) != payload:
                    self._seen[user] = payload
                    self._look_at(user, json.loads(payload))

    def _look_at(self, user: str, found: dict[str, object]) -> None:
        token = verify(str(found["k"]), user, self._job.token_keys)
        if found.get("m") != token.encoder or found["m"] not in (1, 2):
            self.wrong.append(f"{user}: list of encoder {found.get('m')}, token of {token.encoder}")
        self.encoders[token.encoder] += 1


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A registry: the encoder that the job started with, a better and a worse one."""
    folder = tmp_path_factory.mktemp("models")
    model_folder(folder, "demo-1", 0.5)
    model_folder(folder, "demo-2", 1.0)
    change_manifest(model_folder(folder, "demo-2", -0.5, name="worse"), version=3, name="worse")
    return folder


def command(job: LiveJob, root: Path, name: str, *argv: str) -> int:
    where = ["--registry", str(root), "--stack", job.stack.name, f"--suffix=-{job.tag}"]
    return tideline.main(["model", name, *argv, *where])


def restarts(job: LiveJob) -> tuple[int, list[int]]:
    """How often the job was restored, and the attempt number of each of its tasks."""
    vertices = job.stack.rest.get(f"/jobs/{job.job_id}")["vertices"]
    tasks = [job.stack.rest.get(f"/jobs/{job.job_id}/vertices/{vertex['id']}")["subtasks"] for vertex in vertices]
    return job.stack.rest.checkpoints(job.job_id).restored, [task["attempt"] for each in tasks for task in each]


def swapped(job: LiveJob, folder: Path, act: Callable[[], object]) -> None:
    """Do what orders an encoder, and wait until the job uses it."""
    before, published = job.metrics()["model_swapped"], len(job.read(job.topics.policy))
    act()
    job.wait_swapped(folder, before, published)


def rows(job: LiveJob, encoder: int) -> dict[str, PolicyRow]:
    """The newest policy rows of an encoder."""
    found = [decode_row(r.value, r.offset) for r in job.read(job.topics.policy) if r.value and decode_row_key(r.key)]
    return {name: row for name, row in found if row.encoder == encoder and name != PRIOR_ID}


def learn(job: LiveJob) -> None:
    """Let the job learn from some traffic of the last hours."""
    start_ms = int(time.time() * 1000) - 21_600_000
    activities = tuple(job.oracle.ranker.offers.activities.values())
    job.produce(messages(make_events(Scenario(7, 60, 1_500, activities, job.token_keys, start_ms, "learn"))))
    job.settle()


def test_publish_refusal_and_rollback_under_load(
    job: LiveJob, root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Contract: no restart, every list names its encoder, the refused gate is printed, sums stay apart."""
    learn(job)
    before = restarts(job)
    data = ["--data", str(write_sequences(tmp_path / "test.csv", 2)), "--target", "all", "--most-us", "1e6"]
    data += ["--train", str(write_sequences(tmp_path / "train.csv", 1)), "--slowdown", "1e6"]
    assert command(job, root, "publish", "demo-1", *data, "--registry-only") == 0

    with Load(job) as load:
        load.wait_lists_of(1)
        swapped(job, root / "demo-2", lambda: command(job, root, "publish", "demo-2", *data))
        load.wait_lists_of(2)
        orders, metrics = len(job.read(job.topics.control)), job.metrics()
        capsys.readouterr()
        assert command(job, root, "publish", "worse", *data) == 1
        printed = capsys.readouterr().out
        assert "REFUSED metrics  worse in" in printed
        assert "worse is refused by: metrics; demo-2 stays current" in printed
        assert (current(root), len(job.read(job.topics.control))) == ("demo-2", orders)
        load.wait_lists_of(2)
        for name in ("model_swapped", "model_refused"):
            assert job.metrics()[name] == metrics[name]
        swapped(job, root / "demo-1", lambda: command(job, root, "rollback"))
        load.wait_lists_of(1)
    assert current(root) == "demo-1"
    assert load.wrong == []
    assert set(load.encoders) == {1, 2}
    assert restarts(job) == before

    old, new = rows(job, 1), rows(job, 2)
    assert {name for name, row in old.items() if row.impressions} <= new.keys()
    assert {(row.impressions, row.carried_impressions) for row in new.values()} == {
        (0.0, row.impressions) for row in old.values()
    }
    job.drain()
    job.settle()
    check_equal(job.oracle.lists, job.all_lists())


def test_fifty_swaps_leave_the_memory_as_it_was(job: LiveJob, root: Path) -> None:
    """Contract: resident memory of the TaskManager is within 5 % after 50 swaps; the job never restarts."""
    before = restarts(job)
    for number in range(10):
        job.swap(root / f"demo-{2 - number % 2}")
    warm = resident_bytes(job)
    for number in range(_SWAPS):
        job.swap(root / f"demo-{2 - number % 2}")
    found = resident_bytes(job)
    print(f"resident memory: {warm / 2**20:.1f} MiB after 10 swaps, {found / 2**20:.1f} MiB after {_SWAPS} more")
    assert found == pytest.approx(warm, rel=0.05)
    assert restarts(job) == before


def resident_bytes(job: LiveJob) -> int:
    """Resident memory of the TaskManagers."""
    fields = [Path(f"/proc/{process.pid}/statm").read_text().split() for process in job.stack.taskmanagers]
    return sum(int(each[1]) for each in fields) * 4_096
