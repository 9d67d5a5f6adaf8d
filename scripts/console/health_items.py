"""Each thing that can be wrong, judged by itself: what it is called, how it is, in words, and which runbook helps."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from tideline.scripts.console.looks import Counted, Looks

MINUTE_MS = 60_000
_QUARTER_MS = 15 * MINUTE_MS
_LAG = "taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max"
_RUNNING_MS = "jobmanager_job_runningTime"
_LATE_PAGE, _LATE = 0.144, 0.01
_FEW_LISTS = 100
_MUCH_LAG = 1_000
_NO_CHECKPOINT_MS = 5 * MINUTE_MS
_RESTARTS = 3
_FAULTS, _REFUSED = 0.01, 0.1
_FULL = 0.9
_HEAP = 0.85
_MB = 1 << 20


class State(StrEnum):
    """How something is."""

    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


class Item(NamedTuple):
    """One thing that was looked at; `runbook` is a heading of docs/runbooks.md, empty where nothing is to be done."""

    name: str
    state: State
    says: str
    runbook: str = ""


def of_job(looks: Looks) -> Item:
    """Judge whether the job runs."""
    look = looks.job
    if look.seen is None:
        return Item("job", State.BAD if look.error else State.UNKNOWN, look.error or "not asked yet", "TidelineNoJob")
    job = look.seen
    if not job.state:
        return Item("job", State.BAD, "there is none of that name", "TidelineNoJob")
    if job.runs:
        return Item("job", State.GOOD, "runs, every task of it")
    why = f"; it failed of: {job.root_cause}" if job.root_cause else ""
    what = "RUNNING, but not every task of it" if job.state == "RUNNING" else job.state
    return Item("job", State.BAD, f"{what}{why}", "TidelineJobDown")


def of_metrics(looks: Looks) -> Item:
    """Judge whether the processes show their metrics."""
    if not looks.counted:
        return Item("metrics", State.UNKNOWN, "not read yet", "TidelineNotScraped")
    newest = looks.counted[-1]
    if newest.silent or not newest.processes:
        shown = f"{newest.processes - len(newest.silent)} of {newest.processes} processes show theirs"
        lacking = f"; not: {', '.join(newest.silent)}" if newest.silent else ""
        return Item("metrics", State.BAD, shown + lacking, "TidelineNotScraped")
    return Item("metrics", State.GOOD, f"all {newest.processes} processes show theirs")


def of_lists(looks: Looks) -> Item:
    """Judge how soon lists are readable, over the last five minutes."""
    window_ms = 5 * MINUTE_MS
    lists, within = looks.grown("list_ms", window_ms), looks.grown("list_ms_le_1000", window_ms)
    if not lists:
        if looks.grown("lists", window_ms) > 0:
            return Item("lists", State.BAD, "lists are ranked and none is written", "TidelineListsNotWritten")
        return Item("lists", State.GOOD, "none had to be written in the last minutes")
    late = 1.0 - within / lists
    says = f"{lists:,.0f} written in the last minutes, {late:.1%} of them later than 1 s after their event"
    if late > _LATE_PAGE and lists > _FEW_LISTS:
        return Item("lists", State.BAD, says, "TidelineListsLate")
    return Item("lists", State.WARN, says, "TidelineListsLate") if late > _LATE else Item("lists", State.GOOD, says)


def of_activities(looks: Looks) -> Item | None:
    """Judge whether there is anything to show; None where no ranker says."""
    known = looks.counted[-1].most("activities") if looks.counted else None
    if looks.grown("unlisted", 5 * MINUTE_MS) > 0 or known == 0:
        return Item("activities", State.BAD, "users get no list: no activity is known", "TidelineNoActivities")
    return None if known is None else Item("activities", State.GOOD, f"{known:,.0f} are known to the rankers")


def of_lag(looks: Looks) -> Item | None:
    """Judge how many events wait; None where no reader says."""
    lag = looks.counted[-1].most(_LAG) if looks.counted else None
    if lag is None or lag < 0:
        return None
    state = State.WARN if lag > _MUCH_LAG else State.GOOD
    return Item(
        "lag", state, f"{lag:,.0f} events wait in the fullest partition", "TidelineFallingBehind" * (lag > _MUCH_LAG)
    )


def of_checkpoints(looks: Looks, now_ms: int) -> Item | None:
    """Judge how much a restart would read again; None where there is no job."""
    job = looks.job.seen
    if job is None or job.checkpoints is None or not job.state:
        return None
    told = job.checkpoints
    running_ms = (looks.counted[-1].most(_RUNNING_MS) if looks.counted else None) or 0
    failed = f"; {told.failed} failed" if told.failed else ""
    if not told.last_ms:
        overdue = running_ms > _NO_CHECKPOINT_MS
        state = State.BAD if overdue else State.UNKNOWN
        return Item("checkpoints", state, f"none yet{failed}", "TidelineNoCheckpoint" * overdue)
    age_ms = max(now_ms - told.last_ms, 0)
    size = f"{told.last_bytes / _MB:,.1f} MB in {told.last_took_ms / 1000:,.1f} s"
    says = f"the last one {age_ms / 1000:,.0f} s ago, {size}; {told.completed:,} completed{failed}"
    if age_ms > _NO_CHECKPOINT_MS:
        return Item("checkpoints", State.BAD, says, "TidelineNoCheckpoint")
    recent = looks.grown("jobmanager_job_numberOfFailedCheckpoints", _QUARTER_MS)
    if recent > 1:
        return Item("checkpoints", State.WARN, says, "TidelineCheckpointsFailing")
    return Item("checkpoints", State.GOOD, says)


def of_restarts(looks: Looks) -> Item | None:
    """Judge how often the job began again; None where it does not say."""
    total = looks.counted[-1].most("jobmanager_job_numRestarts") if looks.counted else None
    if total is None:
        return None
    recent = looks.grown("jobmanager_job_numRestarts", _QUARTER_MS)
    cause = looks.job.seen.root_cause if looks.job.seen else ""
    says = f"{total:,.0f} since it was submitted, {recent:,.0f} in the last quarter of an hour"
    says += f"; the last of: {cause}" if cause and total else ""
    state = State.WARN if recent > _RESTARTS else State.GOOD
    return Item("restarts", state, says, "TidelineRestarting" * (recent > _RESTARTS))


def of_letters(looks: Looks) -> Item:
    """Judge how much is refused, over the last quarter of an hour."""
    read, dead = looks.grown("records", _QUARTER_MS), looks.grown("dead_letters", _QUARTER_MS)
    faults = looks.grown("dead_letters_producer_fault", _QUARTER_MS)
    says = f"{dead:,.0f} of {read:,.0f} records in the last minutes were refused"
    if faults > 1 and faults > _FAULTS * read:
        return Item("refused", State.BAD, f"{says}, {faults:,.0f} by a producer's fault", "TidelineProducerFaults")
    if dead > _MUCH_LAG / 100 and dead > _REFUSED * read:
        return Item("refused", State.WARN, says, "TidelineDeadLetters")
    return Item("refused", State.GOOD, says)


def of_redis(looks: Looks) -> Item:
    """Judge whether Redis answers, takes writes and has room."""
    look = looks.redis
    if look.seen is None:
        state = State.BAD if look.error else State.UNKNOWN
        return Item("redis", state, look.error or "not asked yet", "TidelineRedisRetrying")
    if looks.grown("redis_retry", 3 * MINUTE_MS) > 0:
        return Item("redis", State.WARN, "writes were tried again in the last minutes", "TidelineRedisRetrying")
    used, most = look.seen
    if not used:
        return Item("redis", State.GOOD, "answers; the login may not ask how full it is")
    says = f"answers; {used / _MB:,.0f} MB used" + (f" of {most / _MB:,.0f}" if most else "")
    full = bool(most) and used > _FULL * most
    return Item("redis", State.WARN if full else State.GOOD, says, "TidelineListsNotWritten" * full)


def of_heap(looks: Looks) -> Item | None:
    """Judge how full the TaskManagers' heaps are; None where none says."""
    if not looks.counted:
        return None
    now = looks.counted[-1].now
    used, most = (now.get(f"taskmanager_Status_JVM_Memory_Heap_{name}", ()) for name in ("Used", "Max"))
    shares = [one / limit for one, limit in zip(used, most, strict=False) if limit > 0]
    if not shares:
        return None
    full = _stayed_full(looks)
    state = State.WARN if full else State.GOOD
    return Item("heap", state, f"the fullest TaskManager's is at {max(shares):.0%}", "TidelineHeapFull" * full)


def _stayed_full(looks: Looks) -> bool:
    """Whether each look of five minutes found over 85 %: just before a collection it is full anyhow."""
    newest_ms = looks.counted[-1].at_ms
    recent = [each for each in looks.counted if newest_ms - each.at_ms <= 5 * MINUTE_MS]
    whole = looks.counted[0].at_ms <= newest_ms - 4 * MINUTE_MS
    return whole and min(map(_fullest, recent)) > _HEAP


def _fullest(counted: Counted) -> float:
    used, most = (counted.now.get(f"taskmanager_Status_JVM_Memory_Heap_{name}", ()) for name in ("Used", "Max"))
    return max((one / limit for one, limit in zip(used, most, strict=False) if limit > 0), default=0.0)


def of_learning(looks: Looks) -> Item | None:
    """Judge whether the learner learns and sees what it expects; None where nothing says."""
    drift = looks.counted[-1].most("drift_alarm") if looks.counted else None
    if drift is None:
        return None
    rows = looks.grown("policy_rows_published", _QUARTER_MS)
    if (
        looks.grown("feedback", _QUARTER_MS) > 0
        and not rows
        and looks.counted[0].at_ms + _QUARTER_MS / 2 < looks.counted[-1].at_ms
    ):
        return Item("learning", State.WARN, "feedback comes, and nothing is published", "TidelineNotLearning")
    if drift > 0:
        return Item("learning", State.WARN, "clicks today are not those that the policy expects", "TidelineDrift")
    return Item("learning", State.GOOD, f"{rows:,.0f} policy rows published in the last minutes")


def items_of(looks: Looks, now_ms: int) -> list[Item]:
    """Return every thing that something is known of."""
    judges: tuple[Callable[[Looks], Item | None], ...] = (
        of_job,
        of_lists,
        of_redis,
        of_metrics,
        of_activities,
        of_lag,
        of_restarts,
        of_letters,
        of_learning,
        of_heap,
    )
    found = [judge(looks) for judge in judges]
    found.insert(5, of_checkpoints(looks, now_ms))
    return [item for item in found if item is not None]
