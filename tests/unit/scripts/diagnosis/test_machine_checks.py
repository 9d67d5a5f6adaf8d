"""Contract: what a machine lacks is found without changing it, each with what to do."""

from __future__ import annotations

from pathlib import Path

import pytest

from tideline.scripts.diagnosis.finding import State, clock
from tideline.scripts.diagnosis.machine_checks import (
    STACK_MIB,
    check,
    jars_of,
    java_of,
    memory_of,
    packages_of,
    python_of,
    requirements,
)


def test_a_clock_is_wrong_where_it_is_seconds_away() -> None:
    """Contract: 2 s either side, and as much more as the clock is read coarsely."""
    assert [clock("c", skew).state for skew in (-2.5, -1.5, 1.5, 2.5)] == ["wrong", "ok", "ok", "wrong"]
    assert clock("c", 2.5, resolution_s=1.0).state is State.OK
    assert "NTP" in (clock("c", 90.0).to_do or "")


def test_pythons_that_the_packages_are_there_for_are_ok() -> None:
    assert [python_of(version, "p").state for version in ((3, 10), (3, 11), (3, 12), (3, 13))] == [
        "wrong", "ok", "ok", "wrong",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ('openjdk version "17.0.15" 2026-04-15', State.OK),
        ('openjdk version "21" 2026-09-19', State.OK),
        ('java version "1.8.0_402"', State.WRONG),
        ('openjdk version "11.0.2"', State.WRONG),
        ("no such thing", State.WRONG),
    ],
)
def test_java_is_asked_for_its_version(told: str, state: State, tmp_path: Path) -> None:
    """Contract: 17 or newer; what `java -version` writes to standard error is read."""
    program = tmp_path / "java"
    program.write_text(f"#!/bin/sh\necho '{told}' >&2\n")
    program.chmod(0o755)

    found = java_of(str(program))

    assert found.state is state
    assert ("JAVA_HOME" in (found.to_do or "")) == (state is State.WRONG)


def test_a_java_that_is_not_there_is_wrong(tmp_path: Path) -> None:
    assert java_of(str(tmp_path / "java")).state is State.WRONG


def test_packages_are_compared_with_what_is_needed() -> None:
    """Contract: all that is lacking in one line; what is needed comes from setup.cfg in a checkout."""
    needed = requirements()
    assert "apache-flink==2.3.0" in needed
    assert packages_of(needed).state is State.OK
    found = packages_of([*needed, "numpy>=99", "no-such-package-here>=1"])
    assert found.state is State.WRONG
    assert "needed >=99; no-such-package-here is not there, needed >=1" in found.found
    assert packages_of([]).state is State.UNKNOWN


def test_memory_counts_the_limit_of_a_container(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal:       16000000 kB\nMemAvailable:    8192000 kB\n")

    assert memory_of(STACK_MIB, meminfo, tmp_path).found == "8,000 MiB are free"
    (tmp_path / "memory.max").write_text(f"{4 * 2**30}\n")
    (tmp_path / "memory.current").write_text(f"{2**30}\n")
    found = memory_of(STACK_MIB, meminfo, tmp_path)
    assert (found.state, found.found) == (State.WRONG, "3,072 MiB are free, by the limit of this container")
    assert memory_of(500, meminfo, tmp_path).state is State.OK
    (tmp_path / "memory.max").write_text("max\n")
    assert memory_of(STACK_MIB, meminfo, tmp_path).state is State.OK
    assert memory_of(STACK_MIB, tmp_path / "none", tmp_path).state is State.UNKNOWN


def test_jars_are_needed_for_a_local_stack_alone(tmp_path: Path) -> None:
    found = jars_of({"Kafka": tmp_path})
    assert (found.state, found.to_do) == (State.UNKNOWN, "for a local stack run scripts/setup")


def test_every_part_of_the_machine_is_looked_at() -> None:
    assert [finding.subject for finding in check(for_a_stack=False)] == [
        "python", "java", "packages", "jars", "memory", "ports",
    ]  # fmt: skip
