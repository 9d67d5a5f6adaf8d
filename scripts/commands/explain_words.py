"""Why a user was shown what he was, in words: what `tideline explain` prints for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tideline.scripts.commands.printable import printable
from tideline.udfs.core.catalogue.opening import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_VERDICTS = {
    True: "worked out again: equal, bit for bit",
    False: "the log has OTHER numbers: the job has other weights or options, or an activity was changed since",
    None: "nothing of it can be worked out again",
}
_NOT_TOLD = {"runner_up": "who came next", "events": "what his events did"}
_LEAST = 5e-5
"""What is less is no difference in four places."""
_MOST_LINES = 10
_UNITS_S = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def describe(found: Mapping[str, Any]) -> list[str]:
    """Return the lines for people."""
    lines = [
        f"list {found['decision_id']} of {found['user_id']} as of {moment(found['as_of_ms'])}, ranked by "
        f"{found['policy']}, what had been learned as of version {found['policy_version']:,}, encoder "
        f"{found['encoder_version']}; {found['eligible']:,} activities could have been shown"
    ]
    for each in found["entries"]:
        lines.append(f"{each['position'] + 1:3} {each['activity_id']}: {_of_score(each)}")
        lines += [f"      {line}" for line in _of_place(each)]
    lines += [*_of_others(found), *_of_events(found)]
    lines += [f"not known is {_NOT_TOLD[what]}: {why}" for what, why in found["not_known"].items()]
    lines.append(_VERDICTS[found["equal"]])
    return [printable(line) for line in lines]


def _of_score(each: Mapping[str, Any]) -> str:
    if each["mean"] is None:
        return f"not known: {each['why_not']}"
    parts = ", ".join(f"{name} {part:.6f}" for name, part in each["parts"].items())
    bonus = "without limit, for nobody had seen it" if each["bonus"] is None else f"{each['bonus']:.6f}"
    return f"expected {each['mean']:.6f} ({parts}) + for not knowing it well {bonus}"


def _of_place(each: Mapping[str, Any]) -> Iterator[str]:
    if each["price"]:
        yield f"its budget has to last: {each['price']:.6f} is taken off"
    if each["owed"]:
        yield f"it is owed to be shown: {each['owed']:.6f} is added"
    if each["ahead"] is not None:
        yield f"ahead of the next by {each['ahead']:.6f}"
    if each["explored"]:
        yield "exploration put it here"
    if each["propensity"] is not None:
        yield f"it stood here with a chance of {each['propensity']:.4f}"
    if each["rules"]:
        yield f"{', '.join(each['rules'])} left {each['feasible']} for this place"
    if each["equal"] is False:
        yield "the log has OTHER numbers"
    elif each["mean"] is not None and each["why_not"]:
        yield each["why_not"]


def _of_others(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield who came next, and who was kept out of a higher place by what."""
    nearest = found["runner_up"]
    if nearest is not None:
        yield f"next would have been {nearest['activity_id']}, {nearest['margin']:.6f} behind the last place"
    out = found["kept_out"] or []
    for each in out[:_MOST_LINES]:
        by = "without limit" if each["ahead"] is None else f"by {each['ahead']:.6f}"
        yield f"{each['activity_id']} would have stood above the last place {by}; kept out by: {each['by']}"
    if len(out) > _MOST_LINES:
        yield f"and {len(out) - _MOST_LINES:,} more were kept out"


def _of_events(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what each event did, the newest first; what it did not change is not named."""
    events = found["events"]
    if not events:
        return
    yield "what he had done, and how much higher the entries scored for it:"
    for event in events:
        done = {name: each for name, each in event["effects"].items() if abs(each) >= _LEAST}
        raised = sorted(done.items(), key=lambda each: (-abs(each[1]), each[0]))
        told = ", ".join(f"{name} {each:+.4f}" for name, each in raised) or "nothing changed"
        about = " ".join(filter(None, (event["category"], event["item_id"])))
        ago = _span(found["as_of_ms"] - event["ts_ms"])
        yield f"      {event['type']}{f' of {about}' if about else ''}, {ago} before: {told}"


def _span(ms: int) -> str:
    """Return a time in the largest unit that it has two of.

    >>> _span(7_500_000), _span(1_000)
    ('2 hours', '1 second')
    """
    seconds = max(ms, 0) // 1000
    name, size = next((unit for unit in _UNITS_S if seconds >= 2 * unit[1]), _UNITS_S[-1])
    count = seconds // size
    return f"{count} {name}{'' if count == 1 else 's'}"
