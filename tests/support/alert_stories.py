"""For each alert what the metrics show when all is well, when it should fire, and when it is over."""

from __future__ import annotations

from tests.support.alert_stories_of_messages import OF_MESSAGES
from tests.support.alert_story import JOB, JOB_LABELS, Story, again, grow, level, once, own

_LAG = (
    "flink_taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max"
    '{job_name="tideline",operator_name="Source:_KafkaSource_default_catalog_default_database_clickstream"}'
)
_RUNNING = f"flink_jobmanager_job_runningTime{JOB_LABELS}"
_OTHER_RUNNING = 'flink_jobmanager_job_runningTime{job_name="tideline",job_id="b"}'
_COMPLETED = f"flink_jobmanager_job_numberOfCompletedCheckpoints{JOB_LABELS}"
_FAILED = f"flink_jobmanager_job_numberOfFailedCheckpoints{JOB_LABELS}"
_RESTARTS = f"flink_jobmanager_job_numRestarts{JOB_LABELS}"
_DOWNTIME = f"flink_jobmanager_job_downtime{JOB_LABELS}"
_BACK_PRESSURE = f"flink_taskmanager_job_task_backPressuredTimeMsPerSecond{JOB_LABELS}"
_HEAP_USED = 'flink_taskmanager_Status_JVM_Memory_Heap_Used{tm_id="t"}'
_HEAP_MAX = 'flink_taskmanager_Status_JVM_Memory_Heap_Max{tm_id="t"}'
_UP = 'up{job="tideline",instance="i"}'
_GONE = "stale"

STORIES: dict[str, tuple[Story, ...]] = {
    **OF_MESSAGES,
    "TidelineListsLate": (
        Story(  # half of them for an hour
            own(list_ms=grow((240, 1000)), list_ms_le_1000=grow((30, 1000), (60, 500), (150, 1000))),
            quiet=30,
            firing=60,
            recovered=130,
            reset=own(list_ms=again((60, 1000)), list_ms_le_1000=again((60, 1000))),
        ),
        Story(  # a tenth of them for six hours: only the slower pair of windows sees it
            own(list_ms=grow((600, 1000)), list_ms_le_1000=grow((30, 1000), (360, 900), (210, 1000))),
            quiet=30,
            firing=350,
            recovered=430,
            reset=own(list_ms=again((60, 10)), list_ms_le_1000=again((60, 1))),  # ten a minute wake nobody
        ),
    ),
    "TidelineListsLateSlowly": (
        Story(
            own(list_ms=grow((720, 5000)), list_ms_le_1000=grow((288, 5000), (240, 4750), (192, 5000))),
            quiet=288,
            firing=500,
            recovered=610,
            reset=own(list_ms=again((200, 5000)), list_ms_le_1000=again((200, 5000))),
            step="5m",
        ),
    ),
    "TidelineListsNotWritten": (
        Story(
            own(lists=grow((120, 100)), list_ms=grow((30, 100), (30, 0), (60, 100))),
            quiet=30,
            firing=40,
            recovered=65,
            reset=own(lists=again((30, 100)), list_ms=again((30, 100))),
        ),
        Story(
            own(records=grow((30, 100), (30, 0), (60, 100)))
            | {_BACK_PRESSURE: level((31, 100), (30, 1000), (60, 100))},
            quiet=30,
            firing=40,
            recovered=65,
            reset=own(records=again((30, 100))) | {_BACK_PRESSURE: level((62, 1000))},
        ),
    ),
    "TidelineNoActivities": (
        Story(
            own(unlisted=grow((30, 0), (30, 10), (60, 0))),
            quiet=30,
            firing=40,
            recovered=70,
            reset=own(unlisted=level((30, 700), (60, 0))),
        ),
    ),
    "TidelineFallingBehind": (
        Story(
            {_LAG: grow((30, 0), (30, 500), (15, -1000), (45, 0))},
            quiet=30,
            firing=50,
            recovered=70,
            reset={_LAG: level((30, 5000), (60, 0))},
        ),
    ),
    "TidelineNoJob": (
        Story(
            {_RUNNING: level((31, 1), (1, _GONE), (29, "_"), (60, 1))},
            quiet=30,
            firing=40,
            recovered=62,
            reset={_RUNNING: again((30, 60_000))},
        ),
    ),
    "TidelineJobDown": (
        Story(
            {_DOWNTIME: grow((30, 0), (30, 60_000)) + level((60, 0))},
            quiet=30,
            firing=40,
            recovered=62,
            reset={_DOWNTIME: level((20, 0), (1, 30_000), (40, 0))},
        ),
    ),
    "TidelineRestarting": (
        Story(
            {_RESTARTS: grow((30, 0), (10, 1), (60, 0))},
            quiet=30,
            firing=40,
            recovered=60,
            reset={_RESTARTS: level((30, 9), (60, 0))},
        ),
    ),
    "TidelineNoCheckpoint": (
        Story(
            {_COMPLETED: grow((30, 2), (30, 0), (60, 2)), _RUNNING: grow((120, 60_000))},
            quiet=30,
            firing=40,
            recovered=65,
            reset={_COMPLETED: again((30, 2)), _RUNNING: again((30, 60_000))},
        ),
    ),
    "TidelineCheckpointsFailing": (
        Story(
            {_FAILED: grow((30, 0), (4, 1), (60, 0))},
            quiet=30,
            firing=36,
            recovered=60,
            reset={_FAILED: level((30, 5), (60, 0))},
        ),
    ),
    "TidelineTwoJobs": (
        Story(
            {_RUNNING: grow((120, 60_000)), _OTHER_RUNNING: level((31, "_"), (30, 1), (1, _GONE))},
            quiet=30,
            firing=40,
            recovered=64,
            reset={_RUNNING: again((30, 60_000))},
        ),
        Story(
            own(policy_rows_fenced=grow((30, 0), (30, 5), (60, 0))),
            quiet=30,
            firing=42,
            recovered=70,
            reset=own(policy_rows_fenced=level((30, 200), (60, 0))),
        ),
    ),
    "TidelineOlderLists": (
        Story(
            own(list_ms=grow((120, 100)), redis_older=grow((30, 0), (30, 5), (60, 0))),
            quiet=30,
            firing=48,
            recovered=70,
            # After a restart, lists of half a minute are made again.
            reset=own(list_ms=again((30, 100)), redis_older=level((31, 70)) + grow((1, 50), (29, 0))),
            labels=JOB | {"job_id": "a"},
        ),
    ),
    "TidelineHeapFull": (
        Story(
            {_HEAP_USED: level((31, 50), (30, 90), (60, 50)), _HEAP_MAX: level((121, 100))},
            quiet=30,
            firing=50,
            recovered=64,
            reset={_HEAP_USED: level((10, 90), (50, 5)), _HEAP_MAX: level((60, 100))},
            labels={"tm_id": "t"},
        ),
    ),
    "TidelineNotScraped": (
        Story(
            {_UP: level((31, 1), (30, 0), (60, 1))},
            quiet=30,
            firing=40,
            recovered=63,
            reset={_UP: level((30, 1), (2, 0), (60, 1))},
            labels={"job": "tideline", "instance": "i"},
        ),
    ),
    "TidelineProducerFaults": (
        Story(
            own(records=grow((120, 1000)), dead_letters_producer_fault=grow((30, 0), (30, 20), (60, 0))),
            quiet=30,
            firing=40,
            recovered=68,
            reset=own(records=again((30, 1000)), dead_letters_producer_fault=level((31, 900)) + grow((30, 5))),
        ),
    ),
    "TidelineDeadLetters": (
        Story(
            own(records=grow((150, 1000)), dead_letters=grow((30, 0), (45, 200), (75, 10))),
            quiet=30,
            firing=70,
            recovered=95,
            reset=own(records=again((40, 1000)), dead_letters=level((41, 9000)) + grow((40, 50))),
        ),
    ),
    "TidelineTopicMadeAgain": (
        Story(
            own(activities_made_again=grow((91, 0)), control_made_again=grow((91, 0)), policy_made_again=once()),
            quiet=30,
            firing=35,
            recovered=50,
            reset=own(
                activities_made_again=grow((60, 0)),
                control_made_again=grow((60, 0)),
                policy_made_again=level((20, 1), (41, 0)),
            ),
        ),
    ),
    "TidelineRedisRetrying": (
        Story(
            own(redis_retry=grow((30, 0), (30, 6), (60, 0))),
            quiet=30,
            firing=38,
            recovered=66,
            reset=own(redis_retry=level((30, 40), (60, 0))),
        ),
    ),
    "TidelineUnreadable": (
        Story(
            own(redis_malformed=once(), state_malformed=grow((91, 0))),
            quiet=30,
            firing=35,
            recovered=50,
            reset=own(redis_malformed=level((20, 3), (41, 0)), state_malformed=grow((60, 0))),
        ),
    ),
    "TidelineNotLearning": (
        Story(
            own(feedback=grow((150, 100)), policy_rows_published=grow((30, 30), (60, 0), (60, 30))),
            quiet=30,
            firing=75,
            recovered=95,
            reset=own(feedback=again((40, 100)), policy_rows_published=again((40, 30))),
        ),
    ),
    "TidelinePolicyNotTaken": (
        Story(
            own(policy_rows_published=grow((150, 30)), policy_rows_applied=grow((30, 30), (60, 0), (60, 30))),
            quiet=30,
            firing=75,
            recovered=95,
            reset=own(policy_rows_published=again((40, 30)), policy_rows_applied=again((40, 30))),
        ),
    ),
    "TidelineShardSilent": (
        Story(
            {'tideline_probe_stale_seconds{shard="3"}': level((31, 4), (60, 70), (30, 4))},
            quiet=30,
            firing=60,
            recovered=95,
            reset={'tideline_probe_stale_seconds{shard="3"}': level((20, 20), (60, 0))},
            labels={"shard": "3"},
        ),
    ),
    "TidelineProbeFailing": (
        Story(
            {'tideline_probe_failures_total{part="redis"}': grow((30, 0), (30, 12), (60, 0))},
            quiet=30,
            firing=50,
            recovered=80,
            reset={'tideline_probe_failures_total{part="redis"}': again((20, 0), (1, 2), (20, 0))},
            labels={"part": "redis"},
        ),
    ),
    "TidelineDrift": (
        Story(
            own(drift_alarm=level((31, 0), (120, 1), (60, 0))),
            quiet=30,
            firing=100,
            recovered=155,
            reset=own(drift_alarm=level((50, 1), (90, 0))),
        ),
    ),
    "TidelineModelRefused": (
        Story(
            own(model_refused=once()),
            quiet=30,
            firing=35,
            recovered=50,
            reset=own(model_refused=level((20, 4), (41, 0))),
        ),
    ),
}
"""By alert; where it has two reasons, a story for each."""

ABSENT_FIRES = {"TidelineNoJob": JOB, "TidelineNotScraped": {"job": "tideline"}}
"""What fires where nothing is shown at all, with its labels."""
