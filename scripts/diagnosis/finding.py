"""One thing that was looked at."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class State(StrEnum):
    """How it is."""

    OK = "ok"
    WRONG = "wrong"
    UNKNOWN = "unknown"
    """It was not looked at, or cannot be."""


class Finding(NamedTuple):
    """A thing, how it is, what was found, and what to do where it is not as it should be."""

    subject: str
    state: State
    found: str
    to_do: str | None = None


def ok(subject: str, found: str) -> Finding:
    """Return that it is as it should be."""
    return Finding(subject, State.OK, found)


def wrong(subject: str, found: str, to_do: str) -> Finding:
    """Return that something is to be done."""
    return Finding(subject, State.WRONG, found, to_do)


def unknown(subject: str, found: str, to_do: str | None = None) -> Finding:
    """Return that it cannot be said, and how it could be."""
    return Finding(subject, State.UNKNOWN, found, to_do)


MAX_SKEW_S = 2.0
"""So far two clocks may differ: lists, tokens and ends of activities are told in these clocks."""


def clock(subject: str, skew_s: float, resolution_s: float = 0.0) -> Finding:
    """Return what a clock is that is `skew_s` ahead of this machine's (behind it where negative).

    >>> clock("clock of Redis", -0.01).found
    '-0.01 s from this machine'
    >>> clock("clock of Redis", 90.0).state
    <State.WRONG: 'wrong'>
    """
    found = f"{skew_s:+.2f} s from this machine"
    if abs(skew_s) <= MAX_SKEW_S + resolution_s:
        return ok(subject, found)
    return wrong(subject, found, "set both clocks by NTP (chrony or systemd-timesyncd; timedatectl tells)")
