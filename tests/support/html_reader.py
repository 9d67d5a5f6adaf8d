"""A page as a browser's parser sees it: its elements, headings, and whatever it would fetch."""

from __future__ import annotations

from html.parser import HTMLParser

_FETCHES = ("src", "href", "srcset", "action", "data", "poster")


class Reader(HTMLParser):
    """Reads a page to its end."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.fetched: list[str] = []
        self.pictures: list[str | None] = []
        self.bars: list[tuple[float, float]] = []
        """Of each bar where it begins and how long it is."""
        self.widths: list[float] = []
        """Of each picture."""
        self.lang: str | None = None
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take in an element."""
        self.tags.append(tag)
        told = dict(attrs)
        self.lang = told.get("lang", self.lang)
        self.fetched += [value or "" for name, value in attrs if name in _FETCHES]
        if tag == "svg":
            self.pictures.append(told.get("aria-label"))
            self.widths.append(float(told.get("width") or 0))
        if tag == "rect":
            self.bars.append((float(told.get("x") or 0), float(told.get("width") or 0)))
