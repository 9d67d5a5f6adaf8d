"""The page of a comparison."""

from __future__ import annotations

from typing import Any

from tests.support.html_reader import Reader
from tideline.scripts.comparison.diff_page import page
from tideline.scripts.comparison.list_diff import Pair, compare
from tideline.scripts.comparison.list_value import nothing
from tideline.scripts.simulation.lists import RankedList

HOSTILE = '"><img src=//evil><script>alert(1)</script>'


def _list(names: list[str], at_ms: int = 5) -> RankedList:
    return RankedList((1, at_ms, 0), tuple(names), (9,) * len(names), None, (None,) * len(names))


def _page(pairs: list[Pair], value: dict[str, Any] | None = None) -> str:
    beside = {"now": "shop<1>", "then": "shop@monday", "only_then": 4, "only_now": 5, "unreadable": 6}
    return page(beside | compare(pairs) | {"value": nothing("no log <b>") | (value or {})})


def test_a_page_has_pictures_tables_and_reasons_and_fetches_nothing() -> None:
    """Contract: each picture says in words what it shows; counts are those of the comparison; one page, no network."""
    pairs = [Pair(f"u{at}", _list(["a", "b"]), _list(["a", "b"])) for at in range(7)]
    pairs += [Pair("v", _list(["a", "b"], 65), _list(["b", "a"])), Pair("w", _list(["a"]), _list(["c"]))]
    text = _page(pairs)
    read = Reader(text)
    assert (read.lang, read.fetched, read.tags.count("h1")) == ("en", [], 1)
    assert not {"script", "link", "img", "iframe"} & set(read.tags)
    alike, moved = read.pictures
    assert alike is not None
    assert "0.0 to 0.1: 1," in alike
    assert alike.endswith("the same list: 7")
    assert moved == "Weight that each activity gains or loses; the table below has it in numbers"
    assert "9 users have both lists; 2 (22.2%) would see another one." in text
    assert "<h3>w</h3>" in text
    assert "<li>the list now is of a moment less than a second later</li>" in text
    assert "url(" not in text
    assert "@import" not in text


def test_names_from_outside_stay_text() -> None:
    """Contract: of users, activities and namespaces."""
    text = _page([Pair(HOSTILE, _list([HOSTILE]), _list(["ok", "\u202eko"]))])
    read = Reader(text)
    assert not {"img", "script"} & set(read.tags)
    assert read.fetched == []
    assert "\u202e" not in text
    assert "shop&lt;1&gt;" in text


def test_where_nothing_changes_the_page_says_so() -> None:
    """Contract: no bar of nothing, no user, and no division by it."""
    read = _page([Pair("u", _list(["a"]), _list(["a"]))])
    assert "1 users have both lists; 0 (0.0%) would see another one." in read
    assert "<h3>" not in read
    assert Reader(read).pictures[0] is not None
    assert "nan" not in read
    assert _page([Pair("u", _list([]), _list([]))]).count("<svg") == 1


def test_what_the_lists_would_earn_stands_there_or_why_it_is_not_known() -> None:
    """Contract: with intervals, what was left out and what to doubt; a refusal is text."""
    pairs = [Pair("u", _list(["a"]), _list(["b"]))]
    assert "no log &lt;b&gt;" in _page(pairs)
    told = {"value": 0.25, "ci95": [0.125, 0.5]}
    known = {"now": told, "then": told, "difference": told, "reward": "click<", "rows": 7, "users": 5, "refused": None}
    text = _page(pairs, known | {"left_out": {"below a gap": 3}, "warnings": ["doubtful"]})
    assert Reader(text).tags.count("table") == Reader(_page(pairs)).tags.count("table") + 1
    for part in (
        "click&lt; of an entry",
        "then less now",
        "0.12500",
        "Left out: 3 below a gap.",
        "doubtful",
        "7 entries",
    ):
        assert part in text
