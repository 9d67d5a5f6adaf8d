"""What `tideline bench` takes."""

from __future__ import annotations

import pytest

from tests.support.command_lines import refused, taken
from tideline.scripts.benchmarks.live.traffic import CHUNK_EVENTS


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("throughput --events 5", f"multiples of {CHUNK_EVENTS}"),
        ("throughput --events many", f"multiples of {CHUNK_EVENTS}"),
        ("soak --minutes 0", "whole numbers from 1"),
        ("publish --known 0", "whole numbers from 1"),
        ("publish --repeats -1", "whole numbers from 1"),
        ("encoder --seconds nan", "numbers from 0.001 to 3600"),
        ("year --days 0", "whole numbers from 1"),
        ("year --seed -1", "whole numbers from 0"),
        ("stories --seed x", "whole numbers from 0"),
        ("mutate --files 0", "whole numbers from 1"),
        ("value --past -1", "numbers from 0 to 36500"),
        ("value --seeds 1001", "whole numbers from 1 to 1000"),
        ("world demo folder --seed -1", "whole numbers from 0"),
    ],
)
def test_a_number_that_no_run_can_have_is_refused_before_it(line: str, allowed: str) -> None:
    """Contract: with the value and what is allowed, in place of a traceback after the work."""
    said = refused("bench", line)
    assert line.split()[-1] in said
    assert f"allowed: {allowed}" in said


def test_what_is_not_given_is_what_is_documented() -> None:
    assert taken("bench", f"throughput --events {3 * CHUNK_EVENTS}").events == 3 * CHUNK_EVENTS
    year = taken("bench", "year --json")
    assert (year.days, year.seed, year.json) == (365, 1, True)
    assert taken("bench", "freshness").capacity is None
    some = taken("bench", "regret --only drift --only obd")
    assert (some.only, some.without_peers) == (["drift", "obd"], False)


def test_a_world_or_part_that_is_none_is_answered_with_those_that_are() -> None:
    assert "'demo', 'other_dates'" in refused("bench", "value --only nowhere")
    assert "'low_ctr', 'contextual'" in refused("bench", "regret --only nothing")
