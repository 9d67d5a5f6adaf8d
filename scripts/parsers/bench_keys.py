"""What each benchmark prints with `--json`: the keys of its object, with their meaning."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOAD = "at {} of the capacity: {{p50_ms, p95_ms, p99_ms, events_per_s, canaries, ...}}"
_SEED = "everything drawn comes from it"
_VIOLATIONS = "by name, how often a promise was broken; not empty: exit status 1"

BENCH_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
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
            "after_kill": "by peer, after kill -9 of its processes between the events: {users, equal: whose list is "
            "that of a run that nothing disturbs, lost, twice: events that lists lack, and that they count twice}",
            "cores": "of the machine",
            "users": "who did the events",
            "events": "in the topic",
            "slow_events": "how many of them those that work event by event got",
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
            "rescale": "from one TaskManager to two while events come {events_per_s, stopping_s, starting_s, "
            "standstill_s: without any list, late_s: until lists are within a second again, late: later than that, "
            "looked_at, worst_ms, users, equal: whose lists are those of the core, lost, twice}",
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
            "users": "who did the events",
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
        "publish": {
            "known": "activities known",
            "buckets_each": "buckets of time of each",
            "all": "where all changed: {changed, learn_ms, publish_ms}",
            "some": "where some changed: the same",
            "one_at_a_time_ms": "all, published one by one",
            "from_all_sums_ms": "all, solved from the sums of everything",
        },
        "archive": {
            "rows": "records in it",
            "bytes_a_row": "of its files",
            "archive_rows_per_s": "records read a second of one core",
            "decisions_rows_per_s": "decisions read as columns, the same",
            "events_rows_per_s": "events read, of which two in five may be rewards, the same",
        },
        "analysts": {
            "rows": "in each file",
            "mib": "of the files: `log` of decisions, `stream` of events",
            "ways": "by way to read it, `nothing` being a process alone and `table` pyarrow's table of the log: "
            "{peak_mib, seconds, cpu_s, rows_per_s: a second of a core, of_a_tenth: the same at a tenth of the rows, "
            "times: the peak over that one's}",
        },
        "encoder": {
            "model": "its folder's name",
            "hidden": "size of its memory",
            "provider": "cpu or cuda",
            "step": "microseconds an event of the step, by batch size",
            "features": "the same of what comes before it",
            "sawtooth": "the same of all that the job does for an event's interest",
            "threads_2": "{step, sawtooth} on two threads; cpu alone",
        },
        "providers": {
            "step_us": "microseconds an event of a step, by hidden size, by provider and by batch size; null where the "
            "provider is not there",
            "parity": "the same users on the CPU and so: {x_differ, x_of, h_off}; x_differ 0: lists are equal",
            "pays_from": "by hidden size, the batch size from which on a GPU is faster than one CPU thread; null: none",
            "missing": "why a provider is not there",
            "pinned": "whether bound memory was page-locked; null without a GPU",
            "markdown": "the table, line by line",
        },
        "ope": {
            "rows": "in each log",
            "repeats": "logs",
            "refused": "logs that could not say",
            "estimates": "by estimator: {rmse, bias, coverage, ...}",
            "dr_rmse_to_best_of_ips_and_dm": "error of dr over that of the better of the two it is made of",
            "lists": "the same of whole lists",
        },
        "regret": {
            "low_ctr": "by policy: {mean, worst}; 20 arms, click rates about 2 of 100",
            "contextual": "by policy: {mean, unseen}; what is liked depends on the user",
            "entering": "by policy: {mean, on_entrants, while_new}; activities that enter midway, and the ratio",
            "drift": "by half-life: {after_swap, without_swap}; all arms swapped midway",
            "delay": "by delay of the clicks: {pending, together}, each {mean, herd}",
            "obd": "by campaign: rows kept and clicks by policy, on logs of Open Bandit",
        },
        "rules": {
            "knapsack": "{mean_of_lp, worst_of_lp, used, over_by, until_empty, throttled}; of the best that can be had",
            "learning": "{mean_of_lp, worst_of_lp, used, until_empty_of_lp}; while clicks and costs are learned",
            "late_spend": "{share_over, two_weeks, a_day}: of runs that overdraw, by horizon beside simpler stops",
            "floors": "{worst_reached, of_bound, reward, without}",
            "fairness": "{gap, reward, most_possible, half_merit, fair_co, none, unseen}; parts not asked for: null",
            "variants": "even and earn: {false_winners, by_peeking, found_20, median_users_20, clicks_lost_20}; "
            "returning, of users who come back: {false_winners, found_50}",
            "discount": "by curve of demand: {lost, worst, independent, even}; margin of 20,000 impressions",
            "price_report": "{marginal_off, day_off, total, exact, sampled, sampled_off_se, classes, of_ranking, ...}",
            "propensities": "of list rules: {lists, worst_weight, worst_chi_square, weights, chi_square, us_per_user}",
        },
        "push": {
            "uplift": "{share_of_best, random, by_propensity, worst}: of the gain of the best fifth of the users, who "
            "are chosen by what a push adds, at random, by their chance to buy; parts not asked for: null",
            "truth_covered": "{covered, worlds, above_0, truth, half_width}: in how many worlds what pushes added lies "
            "within what is told of it, and in how many that is more than nothing; earned, worst_earned: what they "
            "earned of what sending wherever that is worth it would",
            "threshold_covered": "of other thresholds judged by logs: {logs, only_sent, and by threshold in purchases "
            "{covered, refused, gain, half_width}}; only_sent: logs refused of which what was withheld is missing",
            "room": "{share_of_best, worst, as_they_come, used, most_used}: room for a tenth of the pushes, by price; "
            "own_week, of a user's week with room for two: {share_of_best, as_they_come}",
            "quiet_violations": "of the pushes of a year in six zones with both changes of the clocks, how many were "
            "sent in quiet hours",
            "wheel": "{told, missed, twice, told_with_crashes, other_with_crashes, at_once, entries, events, "
            "bytes_left, us_per_event}: of users who are due on a day, each once",
            "sent_twice": "{twice, kills, messages, lost}: of senders on a Kafka and a Redis of their own that are "
            "killed at seeded points, ids that went twice; lost: claimed by one that died before a receipt",
            "unsubscribed_sent": "{sent, unsubscribed, messages}: of users who unsubscribe while messages go, how many "
            "went to one after Kafka had accepted that",
            "kill_switch_s": "seconds from a stop of all to the last message, while thousands wait",
            "candidates": "{points, items: of a category in the median, new_to_them, hr1, hr5}: of real baskets and "
            "categories of them, the share of which the first item, or one of the first five, was taken, by way with "
            "the ends of its interval",
            "live": "of the first bucket of a running job whose users agreed: {users, told, told_per_hour, twice, "
            "late_s_p99, late_s_most: seconds from when it was due, bytes_a_user, most_bytes_a_user: in front of "
            "states, without_ms, meanwhile_ms: freshness of lists of a job without pushes and while they are told, "
            "p99_ratio: of the second over the first}",
        },
        "rank": {
            "50": "activities, 32 numbers a context: {us_per_user, exact, peer_us_per_user, peers}",
            "200": "the same",
            "1000": "the same",
            "10000": "the same",
            "dim_16": "the same by activities at the job's own 16 numbers, without peers",
            "default": "the same of the default policy, and pairs_us_per_user, what it is told before it ranks",
        },
        "value": {
            "encoder": "its folder's name",
            "past_days": "known before the first visit; null: all",
            "seeds": "runs of each world",
            "worlds": "by world, by ranker: {ctr, ...}; the job's policies under default and policies",
        },
        "zeroshot": {
            "world": "its name",
            "seed": _SEED,
            "past_days": "known before the first visit; null: all",
            "activities": "that were withheld while others learned",
            "old": "of the lists that should have an activity, by the truth, the share that has it once it was learned",
            "new": "the same of one that nobody has been shown yet",
            "ratio": "new over old",
        },
        "world": {
            "world": "its name",
            "activities": "in it",
            "visits": "in it",
        },
        "mutate": {
            "files": "given",
            "seed": _SEED,
            "commands": "by command: {answered, refused}",
            "faults": "what went wrong, with the seed of the file; not empty: exit status 1",
        },
        "stories": {
            "seed": _SEED,
            "stories": "told",
            "events": "in them",
            "lists": "users whose lists differ between the two tellings",
            "sums": "learned sums that differ",
            "violations": _VIOLATIONS,
        },
        "year": {
            "days": "played",
            "events": "of all visitors",
            "violations": _VIOLATIONS,
            "honest_quarantined": "events of honest visitors that were taken for a robot's",
            "adversary_share_of_rewards": "of all that was learned",
            "limits": "budgets and stocks: {limits, used_up, overdrawn, between, by_adversary, worst_over, "
            "adversary_share_of_spending, conversions_of_one_account}",
            "start_s": "longest start from state, in seconds",
            "publish_ms": "{first_month, second_month, last_month}",
            "learner_state_mb": "the same",
            "user_state_bytes": "{mean, largest, adversary}",
        },
    }
)
