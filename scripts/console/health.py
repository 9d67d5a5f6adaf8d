"""The page Health: one sentence about lists, each thing that can be wrong, how fresh lists are, what was refused."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from tideline.schemas.errors import Reason
from tideline.scripts.console.health_items import MINUTE_MS, Item, State, items_of
from tideline.scripts.console.looks import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tideline.scripts.console.looks import Looks
    from tideline.scripts.console.pseudonyms import Pseudonyms
    from tideline.scripts.console.sources import LetterSeen

_BUCKET = "list_ms_le_"
_PROMISED_MS = 1_000
_OF_100 = 0.99
_SHOWN_BYTES = 512
_SECONDS = 1000.0
_HEX_WIDTH = -2


def health(looks: Looks, names: Pseudonyms, now_ms: int) -> dict[str, Any]:
    """Return the page as a document; `point` is the newest of what charts show."""
    items = items_of(looks, now_ms)
    said = sentence(looks, items)
    return {
        "at_ms": now_ms,
        "sentence": said.text,
        "sentence_state": str(said.state),
        "beside": beside(items),
        "state": str(worst(items)),
        "items": plain(items),
        "freshness": freshness(looks),
        "refused": refused(looks, names),
        "figures": figures(looks),
        "point": points(looks)[-1] if len(looks.counted) > 1 else None,
    }


def worst(items: Sequence[Item]) -> State:
    """Return how all is: bad where anything is, unknown only where nothing is known to be wrong."""
    order = (State.BAD, State.WARN, State.UNKNOWN)
    found = {item.state for item in items}
    return next((state for state in order if state in found), State.GOOD)


class Said(NamedTuple):
    """A sentence, and how what it tells of is."""

    state: State
    text: str


def sentence(looks: Looks, items: Sequence[Item]) -> Said:
    """Return in words whether lists are fresh."""
    by_name = {item.name: item for item in items}
    job, redis = by_name["job"], by_name["redis"]
    if job.state is State.BAD:
        return Said(State.BAD, f"Lists are not made: the job {_about(job)}.")
    if redis.state is State.BAD:
        return Said(State.BAD, "Lists cannot be read: Redis does not answer.")
    if looks.since(MINUTE_MS) is None:
        return Said(State.UNKNOWN, "Whether lists are fresh is not known yet: it takes two looks, seconds apart.")
    if by_name["metrics"].state is State.BAD and not looks.grown("list_ms", MINUTE_MS):
        return Said(State.UNKNOWN, "Whether lists are fresh is not known: not every process shows its metrics.")
    return _by_counts(looks)


def beside(items: Sequence[Item]) -> str:
    """Return which things are wrong, in a sentence that stands under the first; empty where none is."""
    wrong = [item.name for item in items if item.state is State.BAD]
    return f"Wrong: {', '.join(wrong)}; see below what to do." if wrong else ""


def _about(job: Item) -> str:
    return {"there is none of that name": "is not there"}.get(job.says, f"is {job.says.partition(';')[0]}")


def _by_counts(looks: Looks) -> Said:
    lists, events = looks.grown("list_ms", MINUTE_MS), looks.grown("records", MINUTE_MS)
    if lists:
        return _fresh(looks, lists)
    if looks.grown("lists", MINUTE_MS):
        return Said(State.BAD, "Lists are not fresh: they are ranked, and in the last minute none was written.")
    if events:
        return Said(State.GOOD, f"{events:,.0f} events came in the last minute, and none of them changed a list.")
    return Said(State.GOOD, "Nobody did anything in the last minute, so no list had to be made.")


def _fresh(looks: Looks, lists: float) -> Said:
    told = freshness(looks)
    within = next((each["ms"] for each in told["buckets"] if each["within"] >= _OF_100 * lists), None)
    if within is not None and within <= _PROMISED_MS:
        fresh = f"Lists are fresh: 99 of 100 were readable within {within:,} ms of their event ({lists:,.0f} lists)."
        return Said(State.GOOD, fresh)
    on_time = next((each["within"] for each in told["buckets"] if each["ms"] == _PROMISED_MS), 0.0)
    late = f"Lists are late: only {100 * on_time / lists:.0f} of 100 were readable within 1 s of their event."
    return Said(State.BAD, late)


def freshness(looks: Looks) -> dict[str, Any]:
    """Return how many lists of the last minute were readable within so many milliseconds, rising."""
    counted = looks.counted[-1].totals if looks.counted else {}
    limits = sorted(int(name.removeprefix(_BUCKET)) for name in counted if name.startswith(_BUCKET))
    buckets = [{"ms": limit, "within": looks.grown(f"{_BUCKET}{limit}", MINUTE_MS)} for limit in limits]
    return {"lists": looks.grown("list_ms", MINUTE_MS), "buckets": buckets}


def refused(looks: Looks, names: Pseudonyms) -> dict[str, Any]:
    """Return how many records were refused by reason, of all that are counted, and the newest of them."""
    totals = looks.counted[-1].totals if looks.counted else {}
    counts = {str(each): int(totals.get(f"dead_letter_{each}", 0)) for each in Reason if not each.counted_only}
    by_reason = [
        {"reason": name, "count": count, "means": Reason(name).meaning}
        for name, count in sorted(counts.items(), key=lambda each: (-each[1], each[0]))
        if count
    ]
    letters = [letter(each, names) for each in looks.letters.seen or ()]
    return {"by_reason": by_reason, "letters": letters, "error": looks.letters.error}


def letter(seen: LetterSeen, names: Pseudonyms) -> dict[str, Any]:
    """Return a dead letter for people: its bytes only where ids may be shown, for whose they are is in them."""
    user = seen.key.decode("utf-8", "replace")
    told = {
        "reason": seen.reason,
        "means": Reason(seen.reason).meaning if seen.reason in set(Reason) else "",
        "error": names.hidden(seen.error, user),
        "topic": seen.topic,
        "partition": seen.partition,
        "offset": seen.offset,
        "at_ms": seen.at_ms,
        "key": names.shown(user) if user else None,
        "bytes": len(seen.value),
        "hex": None,
        "text": None,
    }
    if names.show_ids:
        shown = seen.value[:_SHOWN_BYTES]
        told |= {"hex": shown.hex(" ", _HEX_WIDTH), "text": json.dumps(shown.decode("utf-8", "replace"))[1:-1]}
    return told


def figures(looks: Looks) -> dict[str, Any]:
    """Return what runs: encoder, policy, and how many lists of whom."""
    newest = looks.counted[-1] if looks.counted else None
    if newest is None:
        return {}
    named = (
        "encoder_version",
        "encoder_on_cuda",
        "policy_version",
        "activities",
        "activities_cold",
        "activities_stopped",
    )
    found: dict[str, Any] = {name: newest.most(name) for name in named}
    counters = ("records", "lists", "redis_written", "feedback", "policy_rows_published", "dead_letters")
    return found | {name: newest.total(name) for name in counters}


def points(looks: Looks) -> list[dict[str, Any]]:
    """Return what charts show: of each look the events and lists a second since the one before, and the lag."""
    found = []
    for former, newest in pairwise(looks.counted):
        seconds = max(newest.at_ms - former.at_ms, 1) / _SECONDS
        lists = newest.total("list_ms") - former.total("list_ms")
        within = newest.total("list_ms_le_1000") - former.total("list_ms_le_1000")
        lag = newest.most("taskmanager_job_task_operator_KafkaSourceReader_KafkaConsumer_records_lag_max")
        found.append(
            {
                "at_ms": newest.at_ms,
                "events": round((newest.total("records") - former.total("records")) / seconds, 2),
                "lists": round(lists / seconds, 2),
                "on_time": round(within / lists, 4) if lists else None,
                "lag": max(lag, 0) if lag is not None else None,
            }
        )
    return found
