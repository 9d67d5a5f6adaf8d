"""From figures of providers to the table that is published."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tideline.scripts.benchmarks.offline.providers import COLUMNS, pays_from, table

if TYPE_CHECKING:
    from tideline.scripts.benchmarks.offline.providers import Parity


def by_column(cpu: tuple[float, ...], *others: tuple[float, ...]) -> dict[str, dict[str, float | None]]:
    """Figures of batches of 1, 16 and 128; what is not given is not there."""
    found: dict[str, dict[str, float | None]] = {each: dict.fromkeys(("1", "16", "128")) for each in COLUMNS}
    for column, figures in zip(COLUMNS, (cpu, *others), strict=False):
        found[column] = dict(zip(found[column], figures, strict=True))
    return found


@pytest.mark.parametrize(
    ("cpu", "bound", "cuda", "cuda_bound", "expected"),
    [
        ((9.0, 5.0, 4.0), (9.0, 5.0, 4.0), (99.0, 4.0, 3.0), (98.0, 4.0, 3.0), 16),
        ((9.0, 5.0, 4.0), (9.0, 5.0, 4.0), (99.0, 4.0, 6.0), (98.0, 4.0, 6.0), None),
        ((9.0, 5.0, 4.0), (9.0, 5.0, 4.0), (99.0, 6.0, 5.0), (98.0, 6.0, 3.9), 128),
        ((9.0, 5.0, 4.0), (9.0, 5.0, 3.0), (99.0, 6.0, 3.5), (98.0, 6.0, 3.5), None),
    ],
)
def test_a_gpu_pays_from_where_it_stays_ahead_of_the_better_way_on_the_cpu(
    cpu: tuple[float, ...],
    bound: tuple[float, ...],
    cuda: tuple[float, ...],
    cuda_bound: tuple[float, ...],
    expected: int | None,
) -> None:
    assert pays_from(by_column(cpu, bound, cuda, cuda_bound)) == expected


def test_without_a_gpu_it_pays_nowhere_and_the_table_says_that_there_is_none() -> None:
    figures = {"64": by_column((9.0, 5.0, 4.0), (8.0, 5.0, 4.0))}
    same: Parity = {"x_differ": 0, "x_of": 16, "h_off": 0.0}
    proofs = {"64": {"cpu": same, "cpu bound": same, "cuda": None, "cuda bound": None}}
    assert pays_from(figures["64"]) is None
    lines = table(figures, proofs, {"64": None}, {"cuda": "no GPU here"})
    assert lines[2] == "| 64 | cpu | 9.00 | 5.00 | 4.00 | 0 of 16 |"
    assert lines[4] == "| 64 | cuda | no GPU here | no GPU here | no GPU here | no GPU here |"
    assert lines[-1] == "When a GPU pays: no GPU here."
    assert len({line.count("|") for line in lines[:-1]}) == 1


def test_with_a_gpu_the_table_says_from_which_batch_on_it_pays() -> None:
    figures = {"64": by_column((9.0,) * 3, (9.0,) * 3, (10.0, 1.0, 1.0), (10.0, 1.0, 1.0))}
    same: Parity = {"x_differ": 1, "x_of": 16, "h_off": 0.0}
    lines = table(figures, {"64": dict.fromkeys(COLUMNS, same)}, {"64": 16, "256": None}, {})
    assert lines[-1] == "When a GPU pays, by hidden size: 64: from 16 on, 256: never."
    assert lines[4].endswith("| 1.00 | 1 of 16 |")
