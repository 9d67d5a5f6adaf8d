"""Contract: the console in front of a running job, in Chromium: what happens to the job is seen, and lists change."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.chromium import Playing, Served, play
from tests.support.waiting import PATIENCE_S, wait_until
from tideline.schemas.codec import encode_event
from tideline.schemas.events import Event, EventType
from tideline.scripts.console.explain import EQUAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.faults.conftest import Jobs
    from tests.support.live import LiveJob

    Evidence = Callable[[str, dict[str, object]], None]

pytestmark = [pytest.mark.fault, pytest.mark.slow]
_WELL = "Lists are fresh|Nobody did|changed a list"
_SENTENCE = '[data-test="sentence"]'
_TABS, _SECONDS = 50, 60


class Console(NamedTuple):
    """The process, its job and its address."""

    job: LiveJob
    pid: int
    served: Served


@pytest.fixture
def console(jobs: Jobs) -> Iterator[Console]:
    """A console of a live job, as its own command starts it."""
    job = jobs.with_subtasks(1)
    topics, config = job.options["topics"], job.config
    where = ["--stack", job.stack.name, "--topics", topics, "--prefix", config.prefix, "--job", config.name]
    command = [sys.executable, "-m", "tideline.scripts.commands.tideline", "console", *where]
    process = subprocess.Popen(
        [*command, "--port", "0", "--allow-writes", "tab-*", "--show-ids"],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        told = re.fullmatch(r"console (http://\S+/)#/health\?token=(\S+)\n", process.stdout.readline())
        assert told
        yield Console(job, process.pid, Served(told[1], told[2]))
    finally:
        process.terminate()
        process.communicate(timeout=PATIENCE_S)


def _view(job: LiveJob, user: str) -> None:
    now_ms = int(time.time() * 1000)
    event = Event(f"{user}-{now_ms}", user, EventType.VIEW, now_ms, category="CHEESE")
    job.produce([(user.encode(), encode_event(event))])
    wait_until(f"{user} has a list", lambda: job.lists([user]))


def test_a_click_renews_the_list_that_is_shown_with_a_reason_and_equal_scores(
    console: Console, evidence: Evidence
) -> None:
    """Contract: without a reload; the scores are worked out again and stand as the list does; nothing leaves here."""
    _view(console.job, "tab-1")
    found = play("playground", address=console.served.page("playground?user=tab-1"), reorders=False)
    assert found["stays"]
    assert found["said"].startswith("A new list after ")
    assert "%" in found["reason"]
    assert found["verdict"].startswith(EQUAL)
    assert found["requests"] == [console.served.base.split("/")[2]]
    assert found["errors"] == []
    again = play("playground", address=console.served.page("playground?user=tab-1"), reorders=False)
    assert again["verdict"].startswith(EQUAL)  # of what was learned meanwhile
    evidence("console: click to changed list", {"took_ms": found["took"], "said": found["said"]})
    console.job.drain()


def test_health_turns_red_when_a_taskmanager_is_killed_and_well_again_after(
    console: Console, evidence: Evidence
) -> None:
    job = console.job
    job.stack.rest.wait_checkpoints(job.job_id, more=1)
    steps = [{"selector": _SENTENCE, "pattern": pattern} for pattern in (_WELL, "Lists are not made", _WELL)]
    with Playing("health", address=console.served.page("health"), steps=steps) as playing:
        playing.wait_step(1)
        victim = job.taskmanagers()[0]
        index = [process.pid for process in job.stack.taskmanagers].index(victim.pid)
        job.stack.kill_taskmanager(index)
        playing.go_on()
        playing.wait_step(2)
        job.stack.add_taskmanager()
        playing.go_on()
        said = playing.found()["said"]
    evidence("console: killed TaskManager", {"red_after_ms": said[1]["took"], "well_after_ms": said[2]["took"]})
    job.stack.rest.wait_running(job.job_id)


def test_a_record_that_the_job_refuses_appears_with_its_reason(console: Console, evidence: Evidence) -> None:
    steps = [{"selector": _SENTENCE, "pattern": _WELL}, {"selector": '[data-letter="bad_json"]', "pattern": "bad_json"}]
    with Playing("health", address=console.served.page("health"), steps=steps) as playing:
        playing.wait_step(1)
        console.job.produce([(b"tab-2", b'{"user_id": "tab-2", ')])
        playing.go_on()
        said = playing.found()["said"]
    evidence("console: refused record", {"seen_after_ms": said[1]["took"]})
    console.job.drain()


def test_fifty_open_tabs_cost_the_server_no_memory(console: Console, evidence: Evidence) -> None:
    """Contract: each follows Health and a user for a minute; what the process holds does not grow meanwhile."""
    for number in range(3):
        _view(console.job, f"tab-{number}")
    cookie = _entered(console.served)
    found = asyncio.run(_watched(console, cookie))
    evidence("console: 50 tabs", {**found})
    assert found["told"] >= _TABS * 10
    assert found["grown_kb"] < 0.05 * found["held_kb"]
    console.job.drain()


def _entered(served: Served) -> str:
    own = {"X-Tideline": "1", "Content-Type": "application/json", "Origin": served.base.rstrip("/")}
    body = json.dumps({"token": served.token}).encode()
    request = urllib.request.Request(f"{served.base}api/session", body, own)  # noqa: S310 - its own address
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return str(answer.headers["Set-Cookie"]).partition(";")[0]


async def _watched(console: Console, cookie: str) -> dict[str, float]:
    host, port = console.served.base.split("/")[2].split(":")
    told = [0] * _TABS
    held: list[float] = []

    async def tab(number: int) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        path = f"/api/live?topic=health&topic=user:tab-{number % 3}"
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: {cookie}\r\n\r\n".encode())
        try:
            while line := await reader.readline():
                told[number] += line.startswith(b"data: ")
        finally:
            writer.close()

    tabs = [asyncio.create_task(tab(number)) for number in range(_TABS)]
    started_s, cpu_s = time.monotonic(), _cpu_s(console.pid)
    asked_ms: list[float] = []
    while time.monotonic() - started_s < _SECONDS:
        await asyncio.sleep(5)
        asked_ms += await asyncio.to_thread(_asked, console.served, cookie)
        held.append(_held_kb(console.pid))
        assert not [each for each in tabs if each.done()]
    used_s = _cpu_s(console.pid) - cpu_s
    for each in tabs:
        each.cancel()
    await asyncio.gather(*tabs, return_exceptions=True)
    # the first looks fill what is kept of a quarter of an hour, and buffers
    seen = {"told": sum(told), "held_kb": held[2], "grown_kb": held[-1] - held[2], "cpu_s": round(used_s, 2)}
    return seen | {"health_ms_median": round(sorted(asked_ms)[len(asked_ms) // 2], 1), "health_ms_most": max(asked_ms)}


def _asked(served: Served, cookie: str) -> list[float]:
    """Ask for Health some times; return how long each took."""
    took = []
    for _ in range(20):
        started_s = time.monotonic()
        request = urllib.request.Request(f"{served.base}api/health", headers={"Cookie": cookie})  # noqa: S310
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - its own address
            answer.read()
        took.append(round(1000 * (time.monotonic() - started_s), 1))
    return took


def _held_kb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return float(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1])


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100
