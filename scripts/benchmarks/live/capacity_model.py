"""How many machines a load needs, from what an event and a user cost: the capacity model, a function of figures."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

LOAD = 0.6
"""Of what a core or an interpreter can do, the share that is planned with: lists are late long before all of it."""
LOADS = (10_000, 100_000, 1_000_000)
USERS_PER_EVENT_S = 100
"""Users with a full history for each event a second: 100 million at a million events a second."""
MOST_HEAP_BYTES = 4 * 2**30
"""A TaskManager's users beyond it are planned in RocksDB: a checkpoint, a collection and a restart take all of them."""
_US = 1e6
_GIB = 2**30
_PARTITION_EVENTS_S = 10_000


class Costs(NamedTuple):
    """What an event and a user cost; microseconds are of CPU time, on the machine that they were measured on."""

    taskmanager_us: float
    """An event in a TaskManager, all its threads, without what it takes whether events come or not."""
    taskmanager_idle: float
    """That: CPU seconds a second, of each TaskManager."""
    interpreter_us: float
    """Of that, what every TaskManager's one Python interpreter has to carry: ranking and the Redis writer."""
    learner_us: float
    """Of that, the learner's, of which a job has one."""
    redis_us: float
    kafka_us: float
    """An event in the broker, written and read, with what the job writes; one copy."""
    heap_bytes: float
    """A user with a full history in the heap of a TaskManager."""
    state_bytes: float
    """The same in a checkpoint."""
    redis_bytes: float
    """A user's list with its key."""
    event_bytes: float
    """An event in the topic."""
    logged_bytes: float
    """What the job writes to Kafka for an event: decisions, policy rows."""


class Need(NamedTuple):
    """What a load needs."""

    events_per_s: int
    users: int
    jobs: int
    """Each with a learner and users of its own: more than one where a learner could not keep up."""
    taskmanagers: int
    """Of all jobs, one slot each."""
    cores: float
    """Of all TaskManagers at LOAD, idle seconds too."""
    backend: str
    """hashmap or rocksdb."""
    taskmanager_gib: float
    """For the users of one: of heap, or of state on its disk where they are in RocksDB."""
    redis_servers: int
    """Primaries of a cluster, a core each."""
    redis_gib: float
    """Of all of them."""
    kafka_cores: float
    partitions: int
    """Of the clickstream, all jobs'."""
    kafka_mb_per_s: float
    """Written to Kafka, before replicas."""


def need(costs: Costs, events_per_s: int, users: int) -> Need:
    """Return what a load needs where each event costs the same however many TaskManagers there are.

    >>> costs = Costs(60.0, 0.03, 30.0, 2.0, 12.0, 6.0, 5_000.0, 1_400.0, 500.0, 250.0, 100.0)
    >>> found = need(costs, 10_000, 1_000_000)
    >>> found.taskmanagers, found.cores, found.redis_servers, found.partitions
    (1, 1.1, 1, 1)
    """
    planned = events_per_s / (LOAD * _US)
    jobs = max(1, ceil(planned * costs.learner_us))
    taskmanagers = max(jobs, ceil(planned * costs.interpreter_us))
    heap_bytes = users * costs.heap_bytes / taskmanagers
    in_heap = heap_bytes <= MOST_HEAP_BYTES
    kept_bytes = heap_bytes if in_heap else users * costs.state_bytes / taskmanagers
    return Need(
        events_per_s=events_per_s,
        users=users,
        jobs=jobs,
        taskmanagers=taskmanagers,
        cores=round(planned * costs.taskmanager_us + taskmanagers * costs.taskmanager_idle / LOAD, 1),
        backend="hashmap" if in_heap else "rocksdb",
        taskmanager_gib=round(kept_bytes / _GIB, 1),
        redis_servers=max(1, ceil(planned * costs.redis_us)),
        redis_gib=round(users * costs.redis_bytes / _GIB, 1),
        kafka_cores=round(planned * costs.kafka_us, 1),
        partitions=max(taskmanagers, ceil(events_per_s / _PARTITION_EVENTS_S)),
        kafka_mb_per_s=round(events_per_s * (costs.event_bytes + costs.logged_bytes) / 1e6, 1),
    )


def table(costs: Costs, loads: Sequence[int] = LOADS) -> list[str]:
    """Return the lines of the printed table."""
    lines = [
        "| events/s | users | jobs | TaskManagers | their cores | users in | GiB each | Redis servers | Redis GiB "
        "| Kafka cores | partitions | Kafka MB/s |",
        "|---" * 12 + "|",
    ]
    for load in loads:
        each = need(costs, load, load * USERS_PER_EVENT_S)
        backend = "heap" if each.backend == "hashmap" else "RocksDB"
        cells = [f"{each.events_per_s:,}", f"{each.users:,}", each.jobs, each.taskmanagers, each.cores, backend]
        cells += [each.taskmanager_gib, each.redis_servers, each.redis_gib, each.kafka_cores, each.partitions]
        lines.append("| " + " | ".join(map(str, [*cells, each.kafka_mb_per_s])) + " |")
    return lines
