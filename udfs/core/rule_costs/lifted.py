"""Rules that do not hold: what lists would be without one class of them, or several, all others as they are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tideline.udfs.core.rule_costs.steps import RuleClass

if TYPE_CHECKING:
    from collections.abc import Collection

    from tideline.udfs.core.budgets.standing import Standing

LIFTABLE = tuple(each for each in RuleClass if each is not RuleClass.EXPLORATION)
"""Exploration is an option by itself, and a list without it has no propensities to learn from."""


class Lifted(tuple[RuleClass, ...]):
    """Classes that do not hold, in the order of RuleClass."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return them as they are written."""
        return ",".join(self)


def read_lifted(text: str) -> Lifted:
    """Return the classes that a text names, with commas.

    Raises ValueError where it names none, or anything else.

    >>> str(read_lifted("list_rules,caps"))
    'caps,list_rules'
    """
    named = {RuleClass(name.strip()) for name in text.split(",")}
    if not named <= set(LIFTABLE):
        raise ValueError(text)
    return Lifted(each for each in LIFTABLE if each in named)


def standing_without(standing: Standing, lifted: Collection[RuleClass]) -> Standing:
    """Return where an activity would stand if its budget stopped or charged nothing, or its floor added nothing."""
    if RuleClass.STOPS in lifted:
        standing = standing._replace(stopped=False)
    if RuleClass.PRICES in lifted:
        standing = standing._replace(price=0)
    return standing._replace(offset=0) if RuleClass.OFFSETS in lifted else standing
