"""What a policy can be tuned by, declared once: names, ranges, defaults, and the text that sets them."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from tideline.schemas.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Parameter(NamedTuple):
    """One number of a policy, from `low` to `high`, both included."""

    default: float
    low: float
    high: float
    doc: str


def read_parameters(key: str, text: str, declared: Mapping[str, Parameter]) -> dict[str, float]:
    """Return the value of each declared parameter, from text such as "alpha=0.2,ridge=10" where it is given there.

    Raises:
        ConfigError: a parameter that is not declared, is given twice, or is no number in its range; it names `key`.

    >>> declared = {"alpha": Parameter(0.7, 0.0, 10.0, ""), "ridge": Parameter(2.0, 0.1, 1e3, "")}
    >>> read_parameters("policy.linucb", "ridge=4", declared)
    {'alpha': 0.7, 'ridge': 4.0}
    """
    found: dict[str, float] = {}
    for part in filter(None, text.split(",")):
        name, _, number = (each.strip() for each in part.partition("="))
        if name not in declared or name in found:
            raise ConfigError(f"{key}.{name}", part, f"each once: {describe_parameters(declared)}")
        found[name] = _read_number(f"{key}.{name}", number, declared[name])
    return {name: found.get(name, parameter.default) for name, parameter in declared.items()}


def describe_parameters(declared: Mapping[str, Parameter]) -> str:
    """Return the parameters in words: "alpha=0.1 (0 to 10)"."""
    each = (f"{name}={of.default:g} ({of.low:g} to {of.high:g})" for name, of in declared.items())
    return ", ".join(each) or "no parameters"


def _read_number(key: str, text: str, declared: Parameter) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not declared.low <= value <= declared.high:
        raise ConfigError(key, text, f"numbers from {declared.low:g} to {declared.high:g}")
    return value
