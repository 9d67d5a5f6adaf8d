"""Contract: what threads of one name had of the cores between two looks is told under their process and name."""

from __future__ import annotations

import multiprocessing
import os
import threading
import time
from pathlib import Path

import pytest

from tideline.scripts.benchmarks.live.second.cores import Cores, keep_looking


def test_a_look_tells_what_came_since_the_one_before() -> None:
    Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text("looker-7")
    cores = Cores({"mine": os.getpid()})
    assert not cores.look().ran_ms
    begun_s = time.thread_time()
    while time.thread_time() < begun_s + 0.1:
        pass
    found = cores.look()

    assert found.ran_ms["mine", "looker"] == pytest.approx(100, abs=30)
    assert all(waited > 0 for waited in found.waited_ms.values())


def test_a_process_that_is_gone_tells_nothing() -> None:
    assert not Cores({"gone": 2**30}).look().ran_ms


def test_looking_ends_when_it_is_told_to() -> None:
    stopped, stopping = multiprocessing.Pipe(duplex=False)
    receiving, sending = multiprocessing.Pipe(duplex=False)
    stopping.send(None)

    keep_looking({"mine": os.getpid()}, stopped, sending)

    assert receiving.recv() == []
