"""Contract: how far, how fast and how long yet, by what was seen since it is watched."""

from __future__ import annotations

from tideline.scripts.replays.offsets import Span
from tideline.scripts.replays.replay_progress import Part, Progress

_RANGES = {1: Span(100, 1_100), 0: Span(0, 50), 2: Span(3, 3)}


def test_a_rate_is_what_was_read_since_it_is_watched() -> None:
    """Contract: what was read before, by a job that was gone on with, makes it no faster; empty parts are not told."""
    progress = Progress(_RANGES, 10.0)
    progress.seen({0: 50, 1: 200}, 12.0)
    assert progress.parts() == {0: Part(50, 50, 0.0, 0.0), 1: Part(200, 1_000, 0.0, None)}
    progress.seen({0: 50, 1: 400}, 16.0)
    assert progress.parts()[1] == Part(400, 1_000, 50.0, 12.0)
    assert progress.parts()[1].line(1) == "partition 1: 400 of 1,000 records, 50/s, 12 s left"


def test_what_was_read_is_not_taken_back() -> None:
    """Contract: a restart, and a source that has ended and tells nothing, leave it where it was."""
    progress = Progress(_RANGES, 0.0)
    progress.seen({1: 900}, 1.0)
    progress.seen({1: 300}, 2.0)
    progress.seen({}, 3.0)
    assert progress.parts()[1].read == 900


def test_nobody_knows_before_anything_is_seen() -> None:
    """Contract: no rate of nothing, and no time left."""
    assert [part.left_s for part in Progress(_RANGES, 5.0).parts().values()] == [None, None]
    assert Progress(_RANGES, 5.0).parts()[0].line(0) == "partition 0: 0 of 50 records, 0/s"
