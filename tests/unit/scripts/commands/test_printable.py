"""Contract: what people wrote cannot act on a terminal."""

from tideline.scripts.commands.printable import printable


def test_what_would_move_the_cursor_or_colour_is_spelt_out() -> None:
    assert printable("20 % käse \u200b\x1b[2J\n") == "20 % käse \\u200b\\x1b[2J\\n"
