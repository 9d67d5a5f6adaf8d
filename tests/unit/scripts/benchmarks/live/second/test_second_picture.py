"""Contract: a column is ten milliseconds, and what went on fills the columns that it touches."""

from __future__ import annotations

from tideline.scripts.benchmarks.live.second.cores import Looked
from tideline.scripts.benchmarks.live.second.second_picture import COLUMNS, picture, worst_second
from tideline.scripts.benchmarks.live.second.told import Span


def _lanes(lines: list[str]) -> dict[str, str]:
    return {name.strip(): rest.removesuffix("|") for name, _, rest in (line.partition("|") for line in lines)}


def test_spans_stand_where_they_were_and_end_with_the_second() -> None:
    """Contract: one before or after the second is not drawn, one that lasts longer ends with it."""
    spans = [
        Span("redis", "W", 5_020.0, 5_039.0),
        Span("redis", "W", 4_000.0, 4_900.0),
        Span("checkpoint", "C", 5_980.0, 7_000.0),
        Span("ranker", "B", 4_990.0, 5_005.0),
        Span("late", "x", 6_000.0, 6_010.0),
    ]

    lanes = _lanes(picture(5_000.0, spans, [], []))

    assert {len(line) for line in lanes.values()} == {COLUMNS}
    assert lanes["redis"].rstrip() == "  WW"
    assert lanes["ranker"].rstrip() == "B"
    assert lanes["checkpoint"] == " " * 98 + "CC"
    assert "late" not in lanes


def test_lists_and_threads_that_wait_are_digits() -> None:
    """Contract: of a list the hundreds of ms at its event's column; of threads how many waited between two looks."""
    looked = [Looked(5_000.0, {}, {}), Looked(5_020.0, {}, {("a", "b"): 30.0, ("a", "c"): 10.0})]

    lanes = _lanes(picture(5_000.0, [], [(5_000.0, 99.0), (5_030.0, 1_900.0), (6_000.0, 100.0)], looked))

    assert lanes["late, 100 ms"].rstrip() == "0  9"
    assert lanes["without a core"].rstrip() == "22"


def test_the_worst_second_is_a_whole_one() -> None:
    """Contract: the latest lists of all, but for the last moments, whose second was not seen to its end."""
    usual = [(float(at), 50.0) for at in range(0, 4_000, 40)]
    slow = {1_200.0: 500.0, 1_240.0: 500.0, 3_960.0: 900.0}

    begin_ms = worst_second([(at, slow.get(at, late)) for at, late in usual])

    assert 240.0 <= begin_ms <= 1_200.0
    assert worst_second([(10.0, 5.0)]) == 10.0
