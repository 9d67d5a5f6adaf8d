"""What is asked of a list."""

from __future__ import annotations

from typing import NamedTuple

from tideline.udfs.core.ranking.rule_tables import NO_RULES, RuleTables


class ListForm(NamedTuple):
    """A list's positions, the chance that one explores, and the rules of the whole list."""

    size: int
    exploration: float = 0.0
    rules: RuleTables = NO_RULES
