"""The machine that the command runs on: Python, Java, packages, memory, ports."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from tideline.scripts.diagnosis.finding import Finding, ok, unknown, wrong
from tideline.scripts.localstack import StackError
from tideline.scripts.localstack.paths import FLINK_JARS, KAFKA_JARS, REPOSITORY, java
from tideline.scripts.localstack.process import free_ports

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

PYTHONS = ((3, 11), (3, 12))
LEAST_JAVA = 17
STACK_MIB = 4_500
"""What a local stack with one TaskManager takes."""
COMMAND_MIB = 500
"""What a command takes that talks to a deployment."""
_WITHIN_S = 30.0
_JOB = "job"
"""Extra of what runs the job."""


def check(for_a_stack: bool) -> Iterator[Finding]:
    """Yield what this machine is like; `for_a_stack`: a local stack is still to be started on it."""
    yield python_of((sys.version_info[0], sys.version_info[1]), sys.executable)
    yield java_of(java())
    yield packages_of(requirements())
    yield jars_of({"Flink": FLINK_JARS, "Kafka": KAFKA_JARS})
    yield memory_of(STACK_MIB if for_a_stack else COMMAND_MIB)
    yield ports()


def python_of(version: tuple[int, int], program: str) -> Finding:
    """Return whether it is a Python that the packages are there for."""
    text = f"{version[0]}.{version[1]} ({program})"
    if version in PYTHONS:
        return ok("python", text)
    return wrong("python", text, "use Python 3.11 or 3.12; scripts/setup finds it on PATH")


def java_of(program: str) -> Finding:
    """Return which Java that program is."""
    advice = f"install Java {LEAST_JAVA} (Debian: apt-get install openjdk-17-jre-headless), or set JAVA_HOME to one"
    try:
        told = subprocess.run([program, "-version"], capture_output=True, text=True, check=False, timeout=_WITHIN_S)
    except (OSError, subprocess.TimeoutExpired) as error:
        return wrong("java", f"{program} does not start: {error}", advice)
    found = re.search(r'version "(\d+)([^"]*)"', told.stderr + told.stdout)
    if found is None:
        return wrong("java", f"{program} -version says nothing that can be read", advice)
    text = f"{found[1]}{found[2]} ({program})"
    return ok("java", text) if int(found[1]) >= LEAST_JAVA else wrong("java", text, advice)


def requirements() -> list[str]:
    """Return what must be installed: in a checkout what the job needs, of a wheel that too where Flink is there."""
    source = configparser.ConfigParser()
    if source.read(REPOSITORY / "setup.cfg") and source.get("metadata", "name", fallback="") == "tideline":
        lines = f"{source['options']['install_requires']}\n{source['options.extras_require'][_JOB]}".splitlines()
        return [line for line in lines if line and not line.startswith("#")]
    try:
        told = metadata.requires("tideline") or []
    except metadata.PackageNotFoundError:
        return []
    extra = _JOB if _flink() else ""
    return [each for each in told if (marker := Requirement(each).marker) is None or marker.evaluate({"extra": extra})]


def _flink() -> str:
    try:
        return metadata.version("apache-flink")
    except metadata.PackageNotFoundError:
        return ""


def packages_of(needed: Iterable[str]) -> Finding:
    """Compare what is installed with what is needed."""
    lacking, count = [], 0
    for text in needed:
        requirement, count = Requirement(text), count + 1
        try:
            version = metadata.version(requirement.name)
        except metadata.PackageNotFoundError:
            lacking.append(f"{requirement.name} is not there, needed {requirement.specifier}")
            continue
        if not requirement.specifier.contains(version, prereleases=True):
            lacking.append(f"{requirement.name} is {version}, needed {requirement.specifier}")
    if lacking:
        return wrong("packages", "; ".join(lacking), "run scripts/setup, or pip install tideline again")
    if not count:
        return unknown("packages", "what is needed is not told anywhere", "run from a checkout, or install the wheel")
    flink = _flink()
    return ok("packages", f"{count} as needed; " + (f"apache-flink {flink}" if flink else "clients without the job"))


def jars_of(folders: dict[str, Path]) -> Finding:
    """Return whether the jars of the local stack are there; a machine that only talks to a cluster needs none."""
    lacking = [name for name, folder in folders.items() if not any(folder.glob("*.jar"))]
    if lacking:
        return unknown("jars", f"those of {', '.join(lacking)} are not there", "for a local stack run scripts/setup")
    return ok("jars", "those of the local stack are there")


def memory_of(wanted: int, meminfo: Path = Path("/proc/meminfo"), cgroup: Path = Path("/sys/fs/cgroup")) -> Finding:
    """Return how much memory is free, the limit of a container counted, beside the MiB that are wanted."""
    advice = f"{wanted:,} MiB are wanted: end what is not needed, or use a larger machine"
    try:
        free = int(re.findall(r"^MemAvailable:\s+(\d+) kB", meminfo.read_text(), re.MULTILINE)[0]) // 1024
    except (OSError, IndexError):
        return unknown("memory", f"{meminfo} cannot be read")
    try:
        limit, used = ((cgroup / name).read_text().strip() for name in ("memory.max", "memory.current"))
        free = min(free, max(int(limit) - int(used), 0) // 2**20)
    except (OSError, ValueError):
        limit = "max"  # no limit of a container
    text = f"{free:,} MiB are free" + ("" if limit == "max" else ", by the limit of this container")
    return ok("memory", text) if free >= wanted else wrong("memory", text, advice)


def ports() -> Finding:
    """Return whether a local stack could have its ports."""
    try:
        found = free_ports(6)
    except (OSError, StackError) as error:
        return wrong("ports", f"none can be had on 127.0.0.1: {error}", "end processes with many connections")
    low, high = min(found), max(found)
    cpus = len(os.sched_getaffinity(0))
    return ok("ports", f"free ones are there on 127.0.0.1, such as {low} to {high}; {cpus} cores")
