"""README and docs as a reader has them: pages, headings, links, blocks of code."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
DECISIONS = ROOT / "docs" / "decisions"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")])
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(rf"{_FENCE.pattern}|`([^`]+)`", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    """A fenced block of code."""

    language: str
    code: str


def blocks(text: str) -> list[Block]:
    """Return the fenced blocks of a page in their order."""
    return [Block(*found) for found in _FENCE.findall(text)]


def code_in_order(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield fenced blocks and code inside lines as they stand: language, code, whether it is a block.

    >>> list(code_in_order("Run `a`:\\n\\n```sh\\nb\\n```\\n"))
    [('', 'a', False), ('sh', 'b\\n', True)]
    """
    for found in _CODE.finditer(text):
        language, code, inline = found.groups()
        yield (language or "", code or "", True) if inline is None else ("", inline, False)


def prose(text: str) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """Return what a link may have behind its #, as GitHub makes it of the headings.

    >>> sorted(anchors("# A list, one `event`\\n\\n## On it\\n\\n## On it\\n"))
    ['a-list-one-event', 'on-it', 'on-it-1']
    """
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        words = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", words).replace(" ", "-")
        same = sum(1 for each in found if re.fullmatch(rf"{re.escape(slug)}(-\d+)?", each))
        found.add(f"{slug}-{same}" if slug in found else slug)
    return found


def broken_links(page: Path) -> list[str]:
    """Return the relative links of a page that lead nowhere, to a file or to a heading."""
    broken = []
    for link in _LINK.findall(prose(page.read_text())):
        if link.startswith(("http://", "https://")):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            broken.append(link)
    return broken
