"""How the story of an alert is told: a value a step for each series, and what is then expected."""

from __future__ import annotations

from typing import NamedTuple

JOB = {"job_name": "tideline"}
JOB_LABELS = '{job_name="tideline",job_id="a"}'
_TIDELINE = "flink_taskmanager_job_task_operator_tideline_"


class Story(NamedTuple):
    """Series by name, a value a step; the steps at which the alert is quiet, fires, and is quiet again."""

    series: dict[str, list[float | str]]
    quiet: int
    firing: int
    recovered: int
    reset: dict[str, list[float | str]]
    """The same metrics where counters begin again, as with a new attempt of a task: never a reason to fire."""
    labels: dict[str, str] = JOB
    step: str = "1m"


def grow(*parts: tuple[int, float]) -> list[float | str]:
    """Return a counter that grows for so many steps by so much.

    >>> grow((2, 10), (2, 0))
    [0.0, 10.0, 20.0, 20.0, 20.0]
    """
    values = [0.0]
    for steps, rise in parts:
        values += [values[-1] + rise * (number + 1) for number in range(steps)]
    return list(values)


def level(*parts: tuple[int, float | str]) -> list[float | str]:
    """Return a gauge that holds each value for so many steps."""
    return [value for steps, value in parts for _ in range(steps)]


def again(*parts: tuple[int, float]) -> list[float | str]:
    """Return a counter that does this twice, beginning again in between."""
    return grow(*parts) + grow(*parts)


def own(**series: list[float | str]) -> dict[str, list[float | str]]:
    """Name the job's own metrics in full."""
    return {f"{_TIDELINE}{name}{JOB_LABELS}": values for name, values in series.items()}


def once() -> list[float | str]:
    """Return a counter that rises by one, once."""
    return grow((30, 0), (1, 1), (60, 0))
