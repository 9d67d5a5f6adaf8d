"""What pages are put together from."""

from __future__ import annotations

from html.parser import HTMLParser

from tests.support.html_reader import Reader
from tideline.scripts.analysis.html_parts import Bar, bars, document, plain, table

HOSTILE = '"><script>alert(1)</script>&amp;\u202e\x1b[31m'


def test_what_comes_from_outside_is_text_and_nothing_else() -> None:
    """Contract: in a title, a cell, a caption, a name and what a picture says to who cannot see it."""
    told = [table([HOSTILE], [[HOSTILE]], HOSTILE), bars([Bar(HOSTILE, 1.0, HOSTILE)], HOSTILE)]
    text = document(HOSTILE, told)
    read = Reader(text)
    assert "script" not in read.tags
    assert not {"\u202e", "\x1b"} & set(text)
    assert plain("<é>") == "&lt;é&gt;"
    assert read.lang == "en"


def test_a_bar_below_nothing_goes_to_the_left_of_the_line() -> None:
    """Contract: lengths to one scale, all of them inside the picture; a long name is cut; what is 0 has no length."""
    picture = bars([Bar("a" * 40, 3.0, "3"), Bar("b", -1.0, "-1"), Bar("c", 0.0, "0")], "what it is")
    read = Reader(picture)
    (right, three), (left, one), (_, none) = read.bars
    assert (left + one, three, none) == (right, 3 * one, 0.0)
    assert all(x > 0.0 and x + width < read.widths[0] for x, width in read.bars)
    assert read.pictures == ["what it is"]
    assert f">{'a' * 25}…<" in picture
    assert bars([], "nothing") == ""
    assert bars([Bar("only", 0.0, "0")], "zeros")


def test_the_parser_of_these_tests_sees_what_a_browser_would() -> None:
    assert Reader("<main><script>x</script></main>").tags == ["main", "script"]
    assert issubclass(Reader, HTMLParser)
