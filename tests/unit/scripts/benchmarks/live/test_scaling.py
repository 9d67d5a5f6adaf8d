"""What goes with events and what does not, by runs whose costs are known."""

from __future__ import annotations

import pytest

from tideline.scripts.benchmarks.live.arena import Run
from tideline.scripts.benchmarks.live.rates import Sample
from tideline.scripts.benchmarks.live.scaling import Scaled, apart, counted, idle_of, medians
from tideline.scripts.localstack import StackError

EVENTS = 200_000


def made(taskmanagers: int, us: float, idle: float, start_s: float = 8.0, batch: int = 250) -> Run:
    """Return a run of 10,000 events/s where an event takes so many us and a TaskManager so much by itself."""
    run = Run()
    for second in range(23):
        done = min(max(second - 2, 0) * 10_000.0, EVENTS)
        first_us = 5.0 * min(done, 100_000.0)  # what is not warm is dearer
        used_s = taskmanagers * (start_s + idle * second) + (us * done + first_us) / 1e6
        run.samples.append(Sample(100.0 + second, done))
        run.cpu_s.append({"taskmanagers": used_s, "redis": 12e-6 * done, "kafka": 7e-6 * done})
        run.batches.append(done / batch)
    run.us_by_thread = {"learner": 3.0}
    return run


@pytest.mark.parametrize("taskmanagers", [1, 2, 4])
def test_what_a_taskmanager_takes_by_itself_is_no_cost_of_events(taskmanagers: int) -> None:
    """Contract: 60 us an event stay 60 however many TaskManagers take .1 of a core each beside it."""
    found = apart(made(taskmanagers, 60.0, 0.1), {"taskmanagers": taskmanagers * 0.1}, EVENTS, taskmanagers)
    assert found.us_per_event == pytest.approx(60.0)
    assert found.gross_us == pytest.approx(60.0 + taskmanagers * 10.0)
    assert found.cpu_per_idle_second == pytest.approx(0.1)
    assert found.start_cpu_s == pytest.approx(8.0 + 0.1 * 2)
    assert (found.redis_us, found.kafka_us, found.events_per_s, found.batch_events) == (12.0, 7.0, 10_000, 250.0)


def test_too_few_events_to_count_any_are_refused_before_a_stack_is_up() -> None:
    assert counted(300_000) == (120_000, 285_000)
    with pytest.raises(StackError, match="the first 120,000 do not count: more --events are needed"):
        counted(120_000)


def test_medians_are_of_each_figure_and_a_thread_that_was_not_seen_is_0() -> None:
    runs = [
        Scaled(us, us + 1, 9.0, 1.0, 1.0, 9.0, idle, 5.0, threads)
        for us, idle, threads in ((70.0, 0.02, {"a": 1.0}), (50.0, 0.04, {"a": 3.0}), (60.0, 0.06, {"b": 2.0}))
    ]
    found = medians(runs)
    assert (found["us_per_event"], found["gross_us"], found["us_by_thread"]) == (60.0, 61.0, {"a": 1.0, "b": 0.0})
    assert idle_of({"1": runs[:1], "2": runs[1:]}) == 0.04
