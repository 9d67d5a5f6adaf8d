"""What each benchmark prints with `--json`: the keys of its object, with their meaning."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

from tideline.scripts.parsers.stack_bench_keys import STACK_BENCH_KEYS

if TYPE_CHECKING:
    from collections.abc import Mapping

_SEED = "everything drawn comes from it"
_VIOLATIONS = "by name, how often a promise was broken; not empty: exit status 1"

BENCH_KEYS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        **STACK_BENCH_KEYS,
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
