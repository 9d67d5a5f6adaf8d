"""Which cores who has; processes and threads are this one's own."""

from __future__ import annotations

import os
import threading

from tideline.scripts.benchmarks.live.pinning import born_on, pin


def test_a_process_is_moved_with_its_threads_and_starts_others_where_it_is_told() -> None:
    """Contract: only the first thread of a process is moved by its id; what it starts inherits."""
    mine, end = os.sched_getaffinity(0), threading.Event()
    one = {min(mine)}
    other = threading.Thread(target=end.wait)
    other.start()
    assert other.native_id
    try:
        pin(os.getpid(), one)
        assert os.sched_getaffinity(other.native_id) == os.sched_getaffinity(0) == one
        with born_on(mine):
            assert os.sched_getaffinity(0) == mine
        assert os.sched_getaffinity(0) == one
    finally:
        pin(os.getpid(), mine)
        end.set()
        other.join()
