"""Contract: what a thread has used counts under its name, whether or not it still runs, from the first look on."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from tideline.scripts.benchmarks.live.by_thread import ThreadTimes

_TICK_S = 1 / os.sysconf("SC_CLK_TCK")
_EVENTS = 1000


class Burner:
    """A thread that burns CPU time when it is told to, and ends when it is told to."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._turn, self._done, self.used_s = threading.Event(), threading.Event(), 0.0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._await()

    def burn(self) -> None:
        self._turn.set()
        self._await()

    def end(self) -> None:
        self._turn.set()
        self._thread.join()

    def _await(self) -> None:
        self._done.wait()
        self._done.clear()

    def _run(self) -> None:
        Path(f"/proc/self/task/{threading.get_native_id()}/comm").write_text(self._name)
        for _ in range(2):
            begun_s = time.thread_time()
            while time.thread_time() < begun_s + 0.2:
                pass
            self.used_s = time.thread_time() - begun_s
            self._done.set()
            self._turn.wait()
            self._turn.clear()


def test_each_name_has_what_its_threads_used_since_the_first_look() -> None:
    """Contract: of threads that have ended, too; numbers and the rest of a chain are no part of a name."""
    burners = [Burner("burner-1"), Burner("burner-2"), Burner("other -> sink")]
    times = ThreadTimes()
    times.look(500, [os.getpid()])
    for each in burners:
        each.burn()
    times.look(500 + _EVENTS // 2, [os.getpid()])
    for each in burners:
        each.end()
    times.look(500 + _EVENTS, [os.getpid()])

    found = times.us_per_event()

    of_burners, of_other = burners[0].used_s + burners[1].used_s, burners[2].used_s
    assert found["burner"] == pytest.approx(of_burners * 1e6 / _EVENTS, abs=4 * _TICK_S * 1e6 / _EVENTS)
    assert found["other"] == pytest.approx(of_other * 1e6 / _EVENTS, abs=2 * _TICK_S * 1e6 / _EVENTS)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_one_look_says_nothing() -> None:
    times = ThreadTimes()
    times.look(7, [os.getpid()])
    assert times.us_per_event() == {}
