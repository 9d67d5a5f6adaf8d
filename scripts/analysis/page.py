"""The report as one HTML page without anything from outside."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from tideline.scripts.analysis.html_parts import Bar, bars, document, table
from tideline.scripts.analysis.rule_prices import cells_of, sentences, title_of
from tideline.udfs.core.learning.monitoring import ALARM_AT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SIZE, _EDGE = 260, 30


def page(found: Mapping[str, Any]) -> str:
    """Return the document of a report as HTML."""
    parts = [f"<h1>Tideline report</h1><p class=note>{escape(found['range'])}</p>"]
    parts.append(_drift(found["drift"]))
    for name, groups in found["by"].items():
        parts.append(f"<h2>By {escape(name)}</h2>{_rates(groups)}")
    parts.append("<h2>Calibration</h2>" + _calibration(found["calibration"]))
    parts.append("<h2>Exploration</h2>" + _exploration(found["exploration"]))
    parts.append("<h2>Places</h2>" + _places(found["examination"]))
    parts += [f"<h2>Places of {escape(name)}</h2>{_places(its)}" for name, its in found["placements"].items()]
    if found["rules"] is not None:
        parts.append("<h2>Price of rules</h2>" + _rules(found["rules"]))
    return document("Tideline report", parts)


def _drift(drift: Mapping[str, Any]) -> str:
    state = "<span class=alarm>Drift alarm</span>" if drift["alarm"] else "No alarm"
    return (
        f"<p>{state}: the newest tenth of the time differs from all before by {_text(drift['click_z'])} "
        f"standard errors in click rate and by {_text(drift['residual_z'])} in reward against prediction; "
        f"alarm above {ALARM_AT:g}.</p>"
    )


def _rates(groups: Mapping[str, Mapping[str, Any]]) -> str:
    head = ("", "impressions", "immature", "lists", "CTR", "95 %", "mature CTR", "CVR", "mature CVR", "revenue / list")
    quality = ("precision", "recall", "hit_rate", "ndcg")
    judged = any("ndcg" in each for each in groups.values())
    rows = []
    for name, each in groups.items():
        low, high = each["ctr_ci95"]
        row = [name, f"{each['impressions']:,}", f"{each['immature']:,}", f"{each['lists']:,}", _share(each["ctr"])]
        row += [f"{_share(low)} - {_share(high)}", _share(each["ctr_mature"]), _share(each["cvr"])]
        row += [_share(each["cvr_mature"]), _text(each["revenue_per_list"])]
        rows.append(row + [_text(each[key]) for key in quality] if judged else row)
    return table((*head, *quality) if judged else head, rows)


def _calibration(found: Mapping[str, Any]) -> str:
    if not found["bins"]:
        return "<p>No entry of the log says what was expected of it.</p>"
    top = max(max(each["predicted"], each["seen"]) for each in found["bins"]) or 1.0
    span = _SIZE - _EDGE

    def place(value: float) -> float:
        return max(min(value / top, 1.0), 0.0) * span

    dots = "".join(
        f'<circle cx="{_EDGE + place(each["predicted"]):.1f}" cy="{span - place(each["seen"]):.1f}" r="4"/>'
        for each in found["bins"]
    )
    return (
        f'<svg width="{_SIZE}" height="{_SIZE}" role="img" aria-label="Expected beside seen, by tenth">'
        f'<line x1="{_EDGE}" y1="{span}" x2="{_SIZE}" y2="0" stroke-dasharray="4"/>{dots}'
        f'<text x="{_EDGE}" y="{_SIZE - 8}">expected, 0 to {top:.3g}</text><text x="0" y="12">seen</text></svg>'
        f"<p>Mean distance {_text(found['error'])}; on the dashed line the expectation is right.</p>"
    )


def _exploration(found: Mapping[str, Any]) -> str:
    cold = ", ".join(escape(name) for name in found["cold"]) or "none"
    return (
        f"<p>{_share(found['explored_share'])} of the entries were put there by exploration. Entropy of what leads the "
        f"lists: {found['selection_entropy']} of {found['of_at_most']}. Hardly shown so far: {cold}.</p>"
    )


def _places(found: Mapping[str, Any]) -> str:
    head = ("place", "looked at, to place 0", "95 %", "swaps with the next", "goes on without a click", "95 %")
    rows = []
    for each in found["places"]:
        row = [str(each["position"]), _text(each["examined"]), _range(each["examined_ci95"])]
        row += [_text(each.get("swaps_with_next")), _text(each.get("goes_on")), _range(each.get("goes_on_ci95"))]
        rows.append(row)
    return (
        f"{table(head, rows)}<p>From places that exploration or the holdout filled. The first columns hold where "
        "places are looked at whatever was clicked above (position-based), the last ones where a list is read from the "
        f"top (a cascade). {_after_click(found)}</p>"
    )


def _rules(found: Mapping[str, Any]) -> str:
    head = ("constraint", "price", "cost", "used / planned", "lists changed", "bound")
    words = "".join(f"<p>{escape(each)}.</p>" for each in sentences(found))
    note = (
        "<p class=note>Prices: worth of one more unit of money; for floors, what is added to a score. Costs: worth, in "
        "the order in which rules are added, against what lists were expected to earn, which overstates.</p>"
    )
    return f"{words}{_bars(found)}{table(head, map(cells_of, found['rows']))}{note}"


def _bars(found: Mapping[str, Any]) -> str:
    """Return what each class costs as bars, those that earn to the left of the line."""
    rows = [row for row in found["rows"] if row["share"]]
    told = [Bar(title_of(row["constraint"]), row["share"], f"{row['share']:.2%}") for row in rows]
    return bars(told, "What each class of rules costs, as a share of the worth; the table below has it in numbers")


def _after_click(found: Mapping[str, Any]) -> str:
    if found["goes_on_after_click"] is None:
        return "Too few clicks to tell whether people go on after a click."
    return (
        f"After a click {_text(found['goes_on_after_click'])} go on, 95 % "
        f"{_range(found['goes_on_after_click_ci95'])}: in a plain cascade none do."
    )


def _range(ends: Sequence[float | None] | None) -> str:
    return "-" if ends is None or None in ends else " - ".join(_text(end) for end in ends)


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
