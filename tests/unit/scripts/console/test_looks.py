"""Contract: what is judged is what grew in a time, whatever restarts and silent processes do to counters."""

from __future__ import annotations

import pytest

from tests.support.console_world import metrics_page
from tideline.scripts.console.looks import KEPT, Counting, Look, Looks, plain
from tideline.scripts.console.sources import CheckpointsSeen, JobSeen, Pages


def _looks(*records: float, every_ms: int = 2_000) -> Looks:
    looks, counting = Looks(), Counting("tideline")
    for at, count in enumerate(records):
        looks.counted.append(counting.take(Pages({"tm": metrics_page(records=count)}), at * every_ms))
    return looks


def test_one_look_says_nothing_of_growth() -> None:
    assert Looks().since(1_000) is None
    assert _looks(5).since(1_000) is None
    assert _looks(5).grown("records", 1_000) == 0


@pytest.mark.parametrize(("window_ms", "grown"), [(2_000, 30), (4_000, 50), (60_000, 60), (1, 30)])
def test_growth_is_that_of_the_window_or_of_all_that_is_kept(window_ms: int, grown: int) -> None:
    assert _looks(0, 10, 30, 60).grown("records", window_ms) == grown


def test_a_restart_is_no_growth_below_nothing() -> None:
    assert _looks(100, 110, 3).grown("records", 60_000) == 13


def test_what_is_kept_is_bounded() -> None:
    assert len(_looks(*range(KEPT + 10)).counted) == KEPT


def test_a_process_that_does_not_answer_is_named() -> None:
    counted = Counting("tideline").take(Pages({"a": "", "b": metrics_page(records=1)}), 0)
    assert (counted.silent, counted.processes) == (("a",), 2)


def test_what_nobody_answered_is_no_longer_so() -> None:
    """Contract: an old answer is not shown as if it were one of now."""
    look = Look[int]().again(5, 10).failed("gone", 20)
    assert (look.seen, look.error, look.at_ms) == (None, "gone", 20)


def test_named_tuples_become_objects_at_any_depth() -> None:
    job = JobSeen("RUNNING", True, CheckpointsSeen(1, 0))
    assert plain({"jobs": [job]})["jobs"][0]["checkpoints"]["completed"] == 1
    assert plain((1, "a")) == [1, "a"]
