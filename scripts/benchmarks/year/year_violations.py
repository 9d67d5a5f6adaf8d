"""Broken promises of the simulated year, by name."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

_EXAMPLES = 3


@dataclass(slots=True)
class Violations:
    """How often each promise was broken, and the first examples."""

    counts: Counter[str] = field(default_factory=Counter)
    examples: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def found(self, name: str, example: object, times: int = 1) -> None:
        """Count a broken promise."""
        self.counts[name] += times
        if len(self.examples[name]) < _EXAMPLES:
            self.examples[name].append(str(example))
