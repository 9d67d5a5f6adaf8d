"""The report as one HTML page without anything from outside."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from tideline.scripts.analysis.rule_prices import cells_of, sentences, title_of
from tideline.udfs.core.learning.monitoring import ALARM_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_STYLE = """body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#223}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.25rem .7rem;text-align:right}
th{border-bottom:1px solid #99a}td:first-child,th:first-child{text-align:left}.alarm{color:#b00;font-weight:600}
p.note{color:#556}"""
_SIZE, _EDGE = 260, 30
_NAMES, _BAR = 150, 22


def page(found: Mapping[str, Any]) -> str:
    """Return the document of a report as HTML."""
    parts = [f"<!doctype html><meta charset=utf-8><title>Tideline report</title><style>{_STYLE}</style>"]
    parts.append(f"<h1>Tideline report</h1><p class=note>{escape(found['range'])}</p>")
    parts.append(_drift(found["drift"]))
    for name, groups in found["by"].items():
        parts.append(f"<h2>By {escape(name)}</h2>{_rates(groups)}")
    parts.append("<h2>Calibration</h2>" + _calibration(found["calibration"]))
    parts.append("<h2>Exploration</h2>" + _exploration(found["exploration"]))
    parts.append("<h2>Places</h2>" + _places(found["examination"]))
    parts += [f"<h2>Places of {escape(name)}</h2>{_places(its)}" for name, its in found["placements"].items()]
    if found["rules"] is not None:
        parts.append("<h2>Price of rules</h2>" + _rules(found["rules"]))
    return "\n".join(parts) + "\n"


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
    return _table((*head, *quality) if judged else head, rows)


def _calibration(found: Mapping[str, Any]) -> str:
    if not found["bins"]:
        return "<p>No entry of the log says what was expected of it.</p>"
    top = max(max(each["predicted"], each["seen"]) for each in found["bins"]) or 1.0
    span = _SIZE - _EDGE

    def place(value: float) -> float:
        return max(min(value / top, 1.0), 0.0) * span

    dots = "".join(
        f'<circle cx="{_EDGE + place(each["predicted"]):.1f}" cy="{span - place(each["seen"]):.1f}" r="4" fill="#27c"/>'
        for each in found["bins"]
    )
    return (
        f'<svg width="{_SIZE}" height="{_SIZE}" role="img"><line x1="{_EDGE}" y1="{span}" x2="{_SIZE}" y2="0" '
        f'stroke="#99a" stroke-dasharray="4"/>{dots}<text x="{_EDGE}" y="{_SIZE - 8}" font-size="12">expected, '
        f'0 to {top:.3g}</text><text x="0" y="12" font-size="12">seen</text></svg>'
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
        f"{_table(head, rows)}<p>From places that exploration or the holdout filled. The first columns hold where "
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
    return f"{words}{_bars(found)}{_table(head, map(cells_of, found['rows']))}{note}"


def _bars(found: Mapping[str, Any]) -> str:
    """Return what each class costs as bars, those that earn to the left of the line."""
    rows = [row for row in found["rows"] if row["share"]]
    if not rows:
        return ""
    below, above = (max(0.0, *(sign * row["share"] for row in rows)) for sign in (-1.0, 1.0))
    scale = _SIZE / (below + above)
    zero = _NAMES + below * scale
    parts = []
    for at, row in enumerate(rows):
        length, y = abs(row["share"]) * scale, at * _BAR
        left = zero - length if row["share"] < 0.0 else zero
        parts.append(
            f'<text x="0" y="{y + 14}" font-size="12">{escape(title_of(row["constraint"]))}</text>'
            f'<rect x="{left:.1f}" y="{y + 3}" width="{length:.1f}" height="{_BAR - 8}" fill="#27c"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 14}" font-size="12">{row["share"]:.2%}</text>'
        )
    width = _NAMES + _SIZE + 70
    return f'<svg width="{width}" height="{len(rows) * _BAR}" role="img">{"".join(parts)}</svg>'


def _after_click(found: Mapping[str, Any]) -> str:
    if found["goes_on_after_click"] is None:
        return "Too few clicks to tell whether people go on after a click."
    return (
        f"After a click {_text(found['goes_on_after_click'])} go on, 95 % "
        f"{_range(found['goes_on_after_click_ci95'])}: in a plain cascade none do."
    )


def _range(ends: Sequence[float | None] | None) -> str:
    return "-" if ends is None or None in ends else " - ".join(_text(end) for end in ends)


def _table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    top = "".join(f"<th>{escape(cell)}</th>" for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><tr>{top}</tr>{body}</table>"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2%}"


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
