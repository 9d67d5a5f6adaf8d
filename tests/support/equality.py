"""What differs between two mappings, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def check_equal(expected: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    """AssertionError with the first few entries that differ, if any do."""
    assert not (different := differences(expected, found)), "\n".join(different)


def differences(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Return a line for each of the first few entries that differ; none where both are equal."""
    names = [name for name in sorted(expected.keys() | found.keys()) if expected.get(name) != found.get(name)]
    lines = [f"{name}: expected {expected.get(name)!r}, found {found.get(name)!r}" for name in names[:3]]
    return [*lines, f"and {len(names) - 3} more"] if len(names) > 3 else lines
