"""What a replay's lists would change, as one page without anything from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tideline.scripts.analysis.html_parts import Bar, bars, document, plain, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACTIVITIES = 20


def page(found: Mapping[str, Any]) -> str:
    """Return the document of `tideline diff` as HTML."""
    users, changed = found["users"], found["changed"]
    title = f"{found['then']} in the place of {found['now']}"
    return document(
        title,
        [
            f"<h1>{plain(title)}</h1>",
            f"<p>{users:,} users have both lists; {changed:,} ({changed / users:.1%}) would see another one.</p>",
            f"<p class=note>{found['moved_on']:,} pairs are of different moments. {found['only_then']:,} users only in "
            f"{plain(found['then'])}, {found['only_now']:,} only in {plain(found['now'])}, "
            f"{found['unreadable']:,} unreadable.</p>",
            "<h2>How alike the lists are</h2>",
            _alike(found),
            "<h2>Expected value</h2>",
            _value(found["value"]),
            "<h2>Activities that gain and lose</h2>",
            _moved(found),
            "<h2>Most changed users</h2>",
            *map(_user, found["most_changed"]),
        ],
    )


def _alike(found: Mapping[str, Any]) -> str:
    """Return how many users there are by overlap; the same list is a bar of its own."""
    same = found["users"] - found["changed"]
    counts = list(found["overlap"]["histogram"])
    counts[-1] -= same
    step = 1 / len(counts)
    rows = [Bar(f"{at * step:.1f} to {(at + 1) * step:.1f}", n, f"{n:,}") for at, n in enumerate(counts)]
    rows.append(Bar("the same list", same, f"{same:,}"))
    picture = bars(rows, f"Users by rank-biased overlap: {', '.join(f'{row.name}: {row.told}' for row in rows)}")
    means = [(name, found[key]) for key, name in (("overlap", "rank-biased overlap"), ("kendall", "Kendall distance"))]
    shares = list(found["overlap"]["quantiles"])
    head = ("", "mean", *(f"{float(share):.0%} below" for share in shares))
    cells = [
        [name, f"{its['mean']:.3f}", *(f"{its['quantiles'][share]:.3f}" for share in shares)] for name, its in means
    ]
    note = "Overlap is 1 for the same list and 0 for nothing in common; distance is 0 for the same order."
    return f"{picture}{table(head, cells, note)}"


def _value(value: Mapping[str, Any]) -> str:
    """Return what the lists would earn, with intervals, and why it is not known."""
    names = (("now", "now"), ("then", "then"), ("difference", "then less now"))
    told = [(name, value[key]) for key, name in names if value[key] is not None]
    rows = [[name, *(f"{number:.5f}" for number in (each["value"], *each["ci95"]))] for name, each in told]
    notes = [*filter(None, [value["refused"]]), *value["warnings"]]
    notes += [f"Left out: {count:,} {what}." for what, count in value["left_out"].items()]
    text = "".join(f"<p class=note>{plain(each)}</p>" for each in notes)
    if not rows:
        return text
    caption = f"{value['rows']:,} entries of {value['users']:,} users who were shown a list of the same moment."
    head = (f"{value['reward']} of an entry", "value", "95 % from", "to")
    return f"{table(head, rows, caption)}{text}"


def _moved(found: Mapping[str, Any]) -> str:
    some = found["activities"][:_ACTIVITIES]
    moves = [(each, each["then_weight"] - each["now_weight"]) for each in some]
    picture = bars(
        [Bar(each["activity_id"], move, f"{move:+,.1f}") for each, move in moves if move],
        "Weight that each activity gains or loses; the table below has it in numbers",
    )
    head = ("activity", "lists now", "lists then", "weight now", "weight then", "gains")
    rows = [
        [
            each["activity_id"],
            *(f"{each[key]:,}" for key in ("now", "then")),
            *(f"{each[key]:,.1f}" for key in ("now_weight", "then_weight")),
            f"{move:+,.1f}",
        ]
        for each, move in moves
    ]
    note = f"{len(some):,} of {len(found['activities']):,}. Weight: 1 / log2(1 + place), summed over lists."
    return f"{picture}{table(head, rows, note)}"


def _user(each: Mapping[str, Any]) -> str:
    most = max(len(each["now"]), len(each["then"]))
    columns = [[*names, *[""] * (most - len(names))] for names in (each["now"], each["then"])]
    rows = [[str(place), *pair] for place, pair in enumerate(zip(*columns, strict=True), 1)]
    why = "".join(f"<li>{plain(reason)}</li>" for reason in each["reasons"])
    caption = f"overlap {each['overlap']:.3f}"
    return f"<h3>{plain(each['user'])}</h3><ul>{why}</ul>{table(('place', 'now', 'then'), rows, caption)}"
