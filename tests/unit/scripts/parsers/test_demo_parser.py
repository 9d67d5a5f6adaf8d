"""What `tideline demo` takes."""

from __future__ import annotations

from pathlib import Path

from tests.support.command_lines import refused, taken


def test_without_options_everything_is_taken_down_and_the_picture_is_kept() -> None:
    given = taken("demo", "")
    assert (given.keep, given.json) == (False, False)
    assert given.picture.parts[-3:] == (".tideline", "demo", "click_rate.png")


def test_a_picture_may_lie_elsewhere() -> None:
    assert taken("demo", "--picture here.png --keep").picture == Path("here.png")
    assert "unrecognized arguments: --pict" in refused("demo", "--pict here.png")  # nothing is abbreviated
