"""What a load needs, beside rows that were worked out by hand."""

from __future__ import annotations

from tideline.scripts.benchmarks.live.capacity_model import Costs, Need, need, table

COSTS = Costs(
    taskmanager_us=90.0,
    taskmanager_idle=0.036,
    interpreter_us=46.0,
    learner_us=3.3,
    redis_us=13.0,
    kafka_us=6.0,
    heap_bytes=5_000.0,
    state_bytes=1_400.0,
    redis_bytes=500.0,
    event_bytes=250.0,
    logged_bytes=100.0,
)


def test_the_rows_are_those_worked_out_by_hand() -> None:
    """Contract: at six tenths of a core, 10,000 events/s with 46 us each fill 46 / 60 of a TaskManager.

    Each takes .036 / .6 of a core by itself: .48 those eight, 4.62 those 77.
    """
    assert need(COSTS, 10_000, 1_000_000) == Need(10_000, 1_000_000, 1, 1, 1.6, "rocksdb", 1.3, 1, 0.5, 0.1, 1, 3.5)
    assert need(COSTS, 100_000, 10_000_000) == Need(
        100_000, 10_000_000, 1, 8, 15.5, "rocksdb", 1.6, 3, 4.7, 1.0, 10, 35.0
    )
    assert need(COSTS, 1_000_000, 100_000_000) == Need(
        1_000_000, 100_000_000, 6, 77, 154.6, "rocksdb", 1.7, 22, 46.6, 10.0, 100, 350.0
    )


def test_users_stay_in_the_heap_while_a_taskmanager_has_room_for_its_own() -> None:
    """Contract: 5e9 bytes of 1,000,000 users are .58 GiB for each of eight."""
    found = need(COSTS, 100_000, 1_000_000)
    assert (found.taskmanagers, found.backend, found.taskmanager_gib) == (8, "hashmap", 0.6)


def test_a_small_load_needs_one_of_everything() -> None:
    found = need(COSTS, 1, 1)
    assert (found.jobs, found.taskmanagers, found.redis_servers, found.partitions) == (1, 1, 1, 1)


def test_each_job_has_a_taskmanager_where_only_the_learner_is_slow() -> None:
    found = need(COSTS._replace(learner_us=100.0), 100_000, 1)
    assert (found.jobs, found.taskmanagers) == (17, 17)


def test_the_table_has_a_row_a_load_and_a_hundred_users_for_each_event_a_second() -> None:
    lines = table(COSTS)
    assert len({line.count("|") for line in lines}) == 1
    assert lines[3] == "| 100,000 | 10,000,000 | 1 | 8 | 15.5 | RocksDB | 1.6 | 3 | 4.7 | 1.0 | 10 | 35.0 |"
