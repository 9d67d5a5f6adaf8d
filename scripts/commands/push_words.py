"""What `tideline push` found, in lines for people."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from tideline.scripts.commands.printable import printable
from tideline.udfs.core.variants.variant_shares import PARTS

if TYPE_CHECKING:
    from collections.abc import Mapping

_FATES = {
    "sent": "It was sent: {said}.",
    "unclear": "Whoever carries it gave no answer ({said}): it may have been sent.",
    "failed": "Nobody took it: {said}.",
    "expired": "It was not sent: when it was its turn it was too late.",
    "stopped": "It was not sent: messages were stopped.",
    "unsubscribed": "It was not sent: its user wants no messages any more.",
    "": "A sender has claimed it and not said what became of it: it is being sent, or was lost with its sender.",
}


def status_lines(told: Mapping[str, Any], days: int, horizon_h: float) -> list[str]:
    """Return the lines of `status`: all, each campaign, what is stopped or lost."""
    not_sent = ", ".join(f"{count:,} {reason}" for reason, count in told["not_sent"].items()) or "none"
    lines = [
        f"{days} days: {told['sent']:,} sent, {told['withheld']:,} withheld by chance; not sent: {not_sent}; "
        f"{told['unsubscribed']:,} users unsubscribed",
        f"what messages brought: what users bought within {horizon_h:g} hours, more than without them, with bounds "
        "that hold at every look",
        f"{'activity':24}{'sent':>9}{'withheld':>10}{'not sent':>10}{'brought':>14}  between",
    ]
    lines += [
        _line(each["activity_id"], each["sent"], each["withheld"], each["not_sent"], each["brought"])
        for each in told["campaigns"]
    ]
    lines.append(_line("in all", told["sent"], told["withheld"], told["not_sent"], told["brought"]))
    lines += [
        _line(f"by {each['channel']}", each["sent"], each["withheld"], each["not_sent"], each["brought"])
        for each in told["channels"]
    ]
    lines += _cost_lines(told["costs"])
    for name, stop in told["stopped"].items():
        at = _moment(stop["at_ms"])
        lines.append(f"STOPPED: {name or 'all messages'}, by {stop['by']}, {at}; tideline push start ends it")
    if told["lost"] or told["unclear"]:
        lines.append(
            f"of the last two days {told['lost']:,} are claimed and nothing else is known of them (--lost lists them), "
            f"{told['unclear']:,} may have been sent"
        )
    return [printable(line) for line in lines]


_COSTS = {
    "room": "room for few (a week's, all users' day) held back {points:,} worth sending, {value:,.2f} at most",
    "chance": "that {points:,} that were worth it could be withheld by chance, {value:,.2f}",
    "must": "{points:,} that had to be sent, {value:,.2f}",
}


def _cost_lines(costs: Mapping[str, Any]) -> list[str]:
    parts = [text.format(**costs[name]) for name, text in _COSTS.items() if costs[name]["points"]]
    parts += [f"{each['points']:,} {reason}, {each['value']:,.2f}" for reason, each in costs["not_sent"].items()]
    return [f"what rules cost, as the job valued messages: {'; '.join(parts)}"] if parts else []


def _line(name: str, sent: int, withheld: int, not_sent: Mapping[str, int], brought: Mapping[str, Any]) -> str:
    between = f"{_bound(brought['low'])} and {_bound(brought['high'])}"
    if brought["low"] is None:
        between = "too little came of either kind to say"
    return f"{name:24}{sent:9,}{withheld:10,}{sum(not_sent.values()):10,}{brought['total']:14,.2f}  {between}"


def _bound(value: float | None) -> str:
    return "-" if value is None else f"{value:,.2f}"


def judged_lines(told: Mapping[str, Any]) -> list[str]:
    """Return the lines of `judge`."""
    if told["refused"]:
        return [printable(f"the log cannot say: {told['refused']}")]
    more = f"{abs(told['pushes']):,.0f} {'more' if told['pushes'] >= 0 else 'fewer'} messages"
    return [
        f"sent where they are worth more than {told['least']:g}: {more} at {told['points']:,} points, "
        f"{told['changed']:,} of them treated otherwise",
        f"that would have gained {_bound(told['gain'])}, between {_bound(told['low'])} and {_bound(told['high'])}",
    ]


def plan_lines(told: Mapping[str, Any]) -> list[str]:
    """Return the lines of `plan`."""
    if not told["campaigns"]:
        return [f"no decision point in the last {told['days']} days: nothing to plan by"]
    lines = [f"a day like the last {told['days']}, as the job values messages"]
    for title, key, rows in (("activity", "activity_id", "campaigns"), ("hour, UTC", "hour", "hours")):
        lines.append(f"{title:24}{'messages':>10}{'value':>14}")
        lines += [f"{each[key]:24}{each['sends']:10,.1f}{each['value']:14,.4f}" for each in told[rows]]
    return [printable(line) for line in lines]


def explained(told: Mapping[str, Any]) -> list[str]:
    """Return in words why a user was or was not sent a message."""
    chance, also = told["chance"], f", and also {', '.join(told['also'])}" if told["also"] else ""
    item = f", item {told['item_id']}" if told["item_id"] is not None else ""
    way = f", by {told['channel']} (drawn with {told['variant_share']:.1%})" if told["channel"] is not None else ""
    lines = [
        f"{told['push_id']}: {told['user_id']}, about {told['activity_id']}{item}{also}{way}",
        f"It was due {_moment(told['due_ms'])}, in the hour that the chance of {told['hour_chance']:.0%} chose, told "
        f"{_moment(told['told_ms'])}, and good until {_moment(told['expires_ms'])}.",
    ]
    if told["must"]:
        lines.append("It must be sent, whatever it is worth.")
    else:
        worth = "more" if told["value"] > told["price"] else "not more"
        lines.append(
            f"Sending was expected to add {told['value']:.4g}, {worth} than the {told['price']:.4g} that it had to be "
            f"worth; he had {told['recent']} messages in the seven days before."
        )
        drawn = "it was drawn to be sent" if told["sent"] else "it was drawn to be withheld"
        lines.append(f"So it was to be sent with a chance of {chance / PARTS:.1%}, and {drawn}.")
    lines += _became(told)
    if told["unsubscribed"]:
        lines.append("By now he has unsubscribed.")
    return [printable(line) for line in lines]


def _became(told: Mapping[str, Any]) -> list[str]:
    if not told["sent"]:
        return ["Nobody was sent it: it shows what would have come without it."]
    receipt = told["receipt"]
    if receipt is not None:
        said = receipt["said"] or "no more is known"
        at = f" ({_moment(receipt['at_ms'])})" if receipt["at_ms"] else ""
        return [_FATES.get(receipt["outcome"], receipt["outcome"]).format(said=said) + at]
    if told["not_sent"]:
        return [_FATES.get(told["not_sent"], "It was not sent.").format(said="no more is known")]
    return ["No sender has claimed it, or that was over two days ago."]


def _moment(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
