"""What pages are put together from: one document without anything from outside, tables, bars. All text is escaped."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, NamedTuple

from tideline.scripts.commands.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_STYLE = """:root{color-scheme:light dark;--ink:#223;--quiet:#556;--line:#99a;--paper:#fff;--bar:#27c;--alarm:#b00}
@media(prefers-color-scheme:dark){:root{--ink:#e8ebee;--quiet:#a2abb4;--line:#667;--paper:#12161b;--bar:#56b4e9;
--alarm:#ff8a80}}
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:var(--ink);
background:var(--paper)}
table{border-collapse:collapse;margin:.5rem 0 1.5rem}th,td{padding:.25rem .7rem;text-align:right}
caption{text-align:left;color:var(--quiet)}
th{border-bottom:1px solid var(--line)}td:first-child,th:first-child{text-align:left}
.alarm{color:var(--alarm);font-weight:600}
p.note{color:var(--quiet)}.scroll{overflow-x:auto}svg text{fill:var(--ink);font-size:12px}svg rect{fill:var(--bar)}
svg circle{fill:var(--bar)}svg line{stroke:var(--line)}"""
_NAMES, _LENGTH, _TOLD, _ROW = 190, 260, 90, 22


class Bar(NamedTuple):
    """A bar of a picture: what it is of, how long, to the left where that is below 0, and what is written behind."""

    name: str
    length: float
    told: str


def plain(text: str) -> str:
    """Return a text as HTML has it: no markup, nothing that turns the direction of what follows."""
    return escape(printable(text))


def document(title: str, parts: Iterable[str]) -> str:
    """Return a whole page of these parts, which are HTML already."""
    head = '<!doctype html><html lang="en"><meta charset="utf-8">'
    view = '<meta name="viewport" content="width=device-width,initial-scale=1">'
    body = "\n".join(parts)
    return f"{head}{view}<title>{plain(title)}</title><style>{_STYLE}</style>\n<main>{body}</main></html>\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]], caption: str = "") -> str:
    """Return a table; the first cell of a row says what the row is of."""
    top = "".join(f'<th scope="col">{plain(cell)}</th>' for cell in head)
    body = "".join("<tr>" + "".join(f"<td>{plain(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    told = f"<caption>{plain(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{told}<tr>{top}</tr>{body}</table></div>'


def bars(rows: Sequence[Bar], meaning: str) -> str:
    """Return a picture of bars, one below the other; `meaning` is what it says to who cannot see it."""
    if not rows:
        return ""
    below, above = (max(0.0, *(sign * row.length for row in rows)) for sign in (-1.0, 1.0))
    scale = _LENGTH / (below + above or 1.0)
    zero = _NAMES + below * scale
    parts = []
    for at, row in enumerate(rows):
        length, y = abs(row.length) * scale, at * _ROW
        left = zero - length if row.length < 0.0 else zero
        parts.append(
            f'<text x="0" y="{y + 14}">{plain(_short(row.name))}</text>'
            f'<rect x="{left:.1f}" y="{y + 3}" width="{length:.1f}" height="{_ROW - 8}"/>'
            f'<text x="{left + length + 6:.1f}" y="{y + 14}">{plain(row.told)}</text>'
        )
    size = f'width="{_NAMES + _LENGTH + _TOLD}" height="{len(rows) * _ROW}"'
    return f'<div class="scroll"><svg {size} role="img" aria-label="{plain(meaning)}">{"".join(parts)}</svg></div>'


def _short(name: str) -> str:
    most = 26
    return name if len(name) <= most else name[: most - 1] + "…"
