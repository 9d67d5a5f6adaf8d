"""What each benchmark prints with `--json` that runs on a stack of its own: the keys of its object."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD = "at {} of the capacity: {{p50_ms, p95_ms, p99_ms, events_per_s, canaries, ...}}"
_VIOLATIONS = "by name, how often a promise was broken; not empty: exit status 1"

STACK_BENCH_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "throughput": {
            "uniform": "all users alike: {events_per_s, idiomatic_events_per_s, ratio, ...}, each by TaskManagers too, "
            "and with one of them CPU microseconds an event by thread {us_by_thread}",
            "zipf": "the same where few users do most",
            "us_per_event": "microseconds an event by stage, uniform users",
            "events": "in each topic",
            "idiomatic_events": "how many of them the idiomatic job got",
            "users": "who did them",
        },
        "peers": {
            "events_per_s": "by way, medians: tideline and idiomatic with a TaskManager a core, others with a process",
            "tideline_over": "the live job's over that of each",
            "by_round": "each of them, in the order they were measured",
            "after_kill": "by way, after kill -9 of its processes or TaskManagers between the events: {users, equal: "
            "whose list is that of a run that nothing disturbs, lost, twice: events that lists lack, and that they "
            "count twice}",
            "cores": "of the machine",
            "users": "who did the events",
            "events": "in the topic",
            "slow_events": "how many of them the idiomatic job and Pathway got; Quix 4 and Bytewax 8 times as many",
        },
        "beside": {
            "commit": "the other one, in full",
            "ratio": "by traffic (uniform, zipf) {of_medians: this tree's rate over the commit's, least, most: of one "
            "round}",
            "events_per_s": "by traffic, by tree (this, commit), medians; two TaskManagers",
            "us_per_event": "the same by process, CPU microseconds",
            "by_round": "by traffic, by tree [{events_per_s, us_per_event}] in the order of the rounds, of which each "
            "other one begins with the commit",
            "users": "who did the events",
            "events": "in each topic",
        },
        "capacity": {
            "scaling": "by TaskManagers, and of one with batches as small as four have on one core, on cores of their "
            "own, medians of {us_per_event: CPU microseconds of them all that go with events, gross_us: with idle "
            "seconds, events_per_s, redis_us, kafka_us, batch_events: in a batch, "
            "cpu_per_idle_second and start_cpu_s: of each, us_by_thread}",
            "by_round": "us_per_event of each run, by TaskManagers",
            "flat": "the most of us_per_event over the least; null with --from",
            "flat_gross": "the same of gross_us",
            "cores": "numbers of those that TaskManagers had there, and that the others had",
            "rescale": "from one TaskManager to two while events come {events_per_s, preparing_s: beside the running "
            "job, stopping_s, starting_s, standstill_s: without any list, late_s: from the stop until lists are within "
            "a second again, late: later than that, looked_at, worst_ms, users, equal: whose lists are those of the "
            "core, lost, twice}",
            "python_us": "of an event with one TaskManager, what Python takes, by a run with clocks; null with --from",
            "uniform": "one TaskManager, all cores: {events_per_s, and CPU microseconds an event of each process}",
            "zipf": "the same where few users do most",
            "activities": "the same by activities that are live",
            "hot": "of those few: shares of the hottest {user, shard, taskmanager: by TaskManagers}, and how many "
            "times the rate of one TaskManager they can have {scales}",
            "costs": "what the table goes by: microseconds and bytes an event, bytes a user",
            "needs": "the table, an object a row",
            "markdown": "the table, line by line",
            "events": "in the topic",
        },
        "cluster": {
            "cluster_events_per_s": "of the live job, one TaskManager, its lists in a Redis Cluster; the median",
            "server_events_per_s": "the same with one server",
            "ratio": "of the two",
            "by_round": "each of them, in the order they were measured",
            "nodes": "of the cluster, without replicas",
            "events": "in the topic",
        },
        "backends": {
            "rocksdb_events_per_s": "of the live job, one TaskManager, its users in RocksDB; the median",
            "hashmap_events_per_s": "the same with users in the heap",
            "ratio": "of the two",
            "without": "with --each-setting: by key, the rate without it over the rate with all",
            "by_round": "of each run {events_per_s, us_by_thread, checkpoint_ms, checkpoint_mib_written, "
            "checkpoint_mib, restore_s}, with full histories {filled_s, fresh, fresh_in_checkpoint} too",
            "of_users": "with several numbers of --users: by number, its rate over that with the first one",
            "users": "who did the events; with several numbers the first",
            "full": "whether they had full histories before",
            "events": "in the topic",
        },
        "ruled": {
            "with_rules_events_per_s": "of the live job, one TaskManager, all rules; the median",
            "without_events_per_s": "the same without any",
            "ratio": "of the two",
            "ratio_by_part": "of each kind of rules alone, measured once",
            "us_by_thread": "CPU microseconds an event by thread, of the last run with and without",
            "by_round": "each of them, in the order they were measured",
            "events": "in the topic",
        },
        "backfill": {
            "events_per_s": "of a backfill",
            "live_events_per_s": "of the live job on the same records",
            "ratio": "of the two",
            "seconds": "of the whole backfill, from its first record until its savepoint is there",
            "live_seconds": "the same of the live job",
            "killed_seconds": "the same of a backfill whose TaskManager was killed when half was read",
            "users": "whose states were compared",
            "events": "in the topic",
            "faults": "what differed from the live job's states, byte for byte; not empty: exit status 1",
        },
        "replay": {
            "replay_to_live": "events a second of a replay over those of the live job, by subtasks of each",
            "archive_to_kafka": "events a second of a replay from an archive over those of one from Kafka, by subtasks",
            "replay_events_per_s": "of the replays, by subtasks",
            "live_events_per_s": "of the live job on the same records, by subtasks",
            "s_by_range": "seconds that the job of a replay ran, by subtasks and by records of its range",
            "archive_rows_per_s": "records of decisions and clickstream read of an archive a second of one core",
            "export_rows_per_s": "of the same records that an export of the archive takes in, joining included",
            "events": "in the topic",
            "faults": "records not accounted for, and ranges with two digests; not empty: exit status 1",
        },
        "freshness": {
            "quarter": _LOAD.format("a quarter"),
            "half": _LOAD.format("half"),
            "full": _LOAD.format("all"),
            "parts_ms": "of a batch at half load, for records about the `median` and the `latest` hundredth, ms: "
            "{to_python: from the broker to Python, in_python, of_it_on_a_core, to_writer: from there to the Redis "
            "writer, in_writer}",
            "second": "the second whose lists were latest, lines of text; docs/benchmarks.md says how to read them",
            "capacity": "events/s that are full load",
            "seconds": "measured at each load",
            "users": "who did the events",
        },
        "memory": {
            "redis_gib_per_million_users": "of lists with their keys",
            "state_bytes_per_user": "in Flink, measured",
            "list_payload_bytes": "of a list itself",
            "state_bytes_full_history": "of a full history, by its layout",
            "redis_users": "whose lists were measured",
            "state_users": "whose state was measured",
        },
        "soak": {
            "minutes": "of steady load",
            "events_per_s": "sent",
            "resident_mb_by_minute": "of the TaskManager",
            "drift": "largest distance from the first warm minute, as a share; null where no run was that long",
            "restored": "how often the job was restored meanwhile",
            "violations": _VIOLATIONS,
        },
        "start": {
            "start_s": "seconds until the policy is ready",
            "rows": "in the policy topic",
            "keys": "activities with a row",
            "policy_version": "that is ready",
        },
        "openings": {
            "stop_ms": "from an activity's pause to its being on the stop list: {p50_ms, p95_ms, p99_ms}",
            "back_ms": "from its return to its being off it again",
            "users": "who stay away and have a list",
            "told_s": "seconds after a sale opened in which shares of their lists were made with it: {50%, 90%, 99%}",
            "freshness_before_ms": "of others' events, as `freshness` measures it",
            "freshness_meanwhile_ms": "the same while the sale opens",
            "p99_ratio": "of the two",
        },
    }
)
