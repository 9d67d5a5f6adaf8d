"""Eligibility rules of all activities at once: what must be true of a user who may be shown an activity.

Every rule is clauses that must all hold, each of predicates of which one must. What holds is a row of bits for each
predicate, eight users a byte, and a clause is the union of some of those rows, whatever number of activities have it:
a third of the time of rows of users against 64-bit masks of predicates.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tideline.udfs.core.catalogue.eligibility.predicates import Asked, Predicates
from tideline.udfs.core.catalogue.eligibility.rule_form import Between, Clause, Literal, Past, clauses_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

MAX_LITERALS = 4096
"""Of all activities, as many as are measured; checked where activities are written, not in the job."""


@dataclass(frozen=True, slots=True)
class Rules:
    """R rules of C different clauses, over L literals: predicates, as they are or denied."""

    numbers: NDArray[np.int64]
    """Of the activities that have a rule, [R]."""
    needs: tuple[NDArray[np.int64], ...]
    """First, second, ... clause of each rule [R]; C, which always holds, where there are fewer."""
    predicates: Predicates
    predicate: NDArray[np.int64]
    """Number of the predicate of each literal, [L]."""
    denied: NDArray[np.uint8]
    """[L, 1]: all bits of those that are denied."""
    unions: tuple[NDArray[np.int64], ...]
    """First, second, ... literal of the clauses, which stand by falling length: as many as have one."""
    clauses: int


def named_clauses(activity: Activity) -> list[tuple[str, Clause]]:
    """Return everything that a rule asks as clauses, by where it stands; none where it asks nothing."""
    rule = activity.rule
    if rule is None:
        return []
    stated = (("min_events", "events", rule.min_events), ("min_purchases", "purchases", rule.min_purchases))
    found: list[tuple[str, Clause]] = [
        (f"rule.{name}", (Literal(Between(number, least, 2**62), holds=True),))
        for name, number, least in stated
        if least > 0
    ]
    if rule.any_category:
        wanted = Past("category", tuple(sorted(set(rule.any_category))), None, None)
        found.append(("rule.any_category", (Literal(wanted, holds=True),)))
    form = clauses_of(rule.all, activity.time_zone) if rule.all else ()
    return found + [(f"rule.all[{at}]", clause) for at, clause in enumerate(form)]


def clauses_of_activity(activity: Activity) -> tuple[Clause, ...]:
    """Return everything that a rule asks as clauses."""
    return tuple(clause for _, clause in named_clauses(activity))


def groups_of(activities: Iterable[Activity]) -> dict[str, list[str]]:
    """Return the ids of the activities of each group."""
    groups: dict[str, list[str]] = {}
    for each in activities:
        if each.group is not None:
            groups.setdefault(each.group, []).append(each.activity_id)
    return groups


def compile_rules(activities: Sequence[Activity]) -> Rules:
    """Return the rules of the activities that have one; a number is a place in `activities`."""
    stated = {number: clauses_of_activity(each) for number, each in enumerate(activities)}
    of_number = {number: each for number, each in stated.items() if each}
    different = dict.fromkeys(clause for rule in of_number.values() for clause in rule)
    clauses = sorted(different, key=len, reverse=True)
    literals = list(dict.fromkeys(literal for clause in clauses for literal in clause))
    asked = list(dict.fromkeys(literal.predicate for literal in literals))
    number_of = {clause: number for number, clause in enumerate(clauses)}
    most = max(map(len, of_number.values()), default=0)
    needs = np.full((most, len(of_number)), len(clauses))
    for row, rule in enumerate(of_number.values()):
        needs[: len(rule), row] = [number_of[clause] for clause in rule]
    place_of = {predicate: place for place, predicate in enumerate(asked)}
    return Rules(
        numbers=np.array(list(of_number), np.int64),
        needs=tuple(needs),
        predicates=Predicates.of(asked, groups_of(activities)),
        predicate=np.array([place_of[each.predicate] for each in literals], np.int64),
        denied=np.array([[0 if each.holds else 0xFF] for each in literals], np.uint8).reshape(len(literals), 1),
        unions=_unions(clauses, literals),
        clauses=len(clauses),
    )


def _unions(clauses: Sequence[Clause], literals: Sequence[Literal]) -> tuple[NDArray[np.int64], ...]:
    number_of = {literal: number for number, literal in enumerate(literals)}
    longest = max(map(len, clauses), default=0)
    return tuple(
        np.array([number_of[clause[place]] for clause in clauses if len(clause) > place], np.int64)
        for place in range(longest)
    )


def apply_rules(rules: Rules, asked: Asked, mask: NDArray[np.bool_]) -> None:
    """Take out of mask [len(rows), K], in place, the activities whose rule a user does not meet."""
    users = asked.rows.size
    if not (rules.numbers.size and users):
        return
    bits = np.packbits(rules.predicates.answers(asked), axis=1)[rules.predicate] ^ rules.denied
    held = np.full((rules.clauses + 1, bits.shape[1]), 0xFF, np.uint8)
    first, *more = rules.unions
    held[:-1] = bits[first]
    for union in more:
        held[: union.size] |= bits[union]
    met = held[rules.needs[0]]
    for need in rules.needs[1:]:
        met &= held[need]
    may = np.unpackbits(met, axis=1, count=users).view(np.bool_)
    if rules.numbers.size == mask.shape[1]:
        mask &= may.T
    else:
        mask[:, rules.numbers] &= may.T
