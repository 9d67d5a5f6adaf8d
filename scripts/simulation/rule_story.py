"""What the demo's rules did: what was spent and planned, what each rule cost, which variant is clicked more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.errors import InvalidRecord
from tideline.scripts.analysis.rule_log import rules_of
from tideline.scripts.analysis.rule_prices import rule_prices, sentences
from tideline.udfs.core.budgets.standing import decode_standing
from tideline.udfs.core.policies.arm_key import decode_ledger_key
from tideline.udfs.core.variants.variant_report import MOST_USERS, ShownVariants, VariantVerdict, report_variants
from tideline.udfs.core.variants.variant_shares import PARTS, even_shares

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.simulation.frontend import Shown
    from tideline.scripts.simulation.world import World
    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.policy_start import TopicRecord

_CENTS = 100
_LEAST = 0.2
"""The smallest difference between variants that matters."""


class Spending(NamedTuple):
    """One budget and what was spent of it as the job learned it."""

    activity: Activity
    at_ms: NDArray[np.int64]
    """Rising: newest moment of what was known then."""
    spent: NDArray[np.float64]
    """By then, in its money."""


class RuleStory(NamedTuple):
    """What rules did in a run."""

    rules: dict[str, Any] | None
    """The section `rules` of a report, None where the job told of none."""
    spending: tuple[Spending, ...]
    variants: dict[str, Any]
    """By activity with variants: verdict, winner, users_needed, and of each its id, users, clicks, rate, difference."""


def rule_story(records: Sequence[TopicRecord], world: World, shown: Iterable[Shown]) -> RuleStory:
    """Return what the records of the policy topic, rising by offset, and what visitors did say of the world's rules."""
    known = {each.activity.activity_id: each.activity for each in world.offers}
    return RuleStory(rule_prices(rules_of(records, known)), _spending(records, known), _variants(world, list(shown)))


def _spending(records: Iterable[TopicRecord], known: Mapping[str, Activity]) -> tuple[Spending, ...]:
    spent: dict[str, dict[int, float]] = {name: {} for name, each in known.items() if each.budget is not None}
    for record in records:
        key = decode_ledger_key(record.key)
        if key is None or key.activity_id not in spent or record.value is None:
            continue
        try:
            name, standing = decode_standing(record.value, record.offset)
        except InvalidRecord:
            continue  # counted by every ranker
        if standing.as_of_ms >= known[name].starts_ms:
            spent[name][standing.as_of_ms] = standing.spent_cents / _CENTS
    return tuple(
        Spending(known[name], np.array(sorted(told), np.int64), np.array([told[at_ms] for at_ms in sorted(told)]))
        for name, told in spent.items()
    )


def _variants(world: World, shown: Sequence[Shown]) -> dict[str, Any]:
    found = {}
    for offer, each in enumerate(world.offers):
        if each.activity.variants:
            names = [variant.id for variant in each.activity.variants]
            found[each.activity.activity_id] = _compared(names, _entries(shown, offer, names))
    return found


def _entries(shown: Sequence[Shown], offer: int, names: Sequence[str]) -> ShownVariants:
    rows = [
        (each.visit.household, names.index(variant), offer in each.clicked)
        for each in shown
        for (_, which), variant in zip(each.entries, each.variants, strict=True)
        if which == offer and variant is not None
    ]
    user, variant, click = np.array(rows, np.int64).reshape(-1, 3).T
    share = np.array(even_shares(len(names)))[variant] / PARTS
    return ShownVariants(user, variant, share, click.astype(np.float64), click.astype(np.float64))


def _compared(names: Sequence[str], entries: ShownVariants) -> dict[str, Any]:
    report = report_variants(entries, len(names), binary=True, least=_LEAST)
    figures = [
        {"id": name, "users": each.users, "clicks": each.clicks, "rate": _known(each.rate)}
        | {key: _known(getattr(each, key)) for key in ("difference", "low", "high")}
        for name, each in zip(names, report.figures, strict=True)
    ]
    needed = report.users_needed
    return {
        "variants": figures,
        "verdict": str(report.verdict),
        "winner": None if report.best is None else names[report.best],
        "users_needed": None if needed >= MOST_USERS else max(needed - report.users, 0),
    }


def _known(value: float) -> float | None:
    return round(float(value), 5) if np.isfinite(value) else None


def story_lines(story: RuleStory) -> list[str]:
    """Return the story as lines of text: budgets, what each rule cost, variants."""
    lines = [line for each in story.spending for line in _spent(each)]
    lines += [] if story.rules is None else sentences(story.rules)
    return lines + [_verdict(name, found) for name, found in story.variants.items()]


def _spent(each: Spending) -> list[str]:
    activity = each.activity
    if activity.budget is None or not each.spent.size:
        return []
    gone = (int(each.at_ms[-1]) - activity.starts_ms) / (activity.ends_ms - activity.starts_ms)
    planned = activity.budget * min(gone, 1.0)
    spent = f"budget of {activity.activity_id}: spent {each.spent[-1]:,.2f} of {activity.budget:,.2f}"
    return [f"{spent}, where {planned:,.2f} were planned by then"]


def _verdict(name: str, found: Mapping[str, Any]) -> str:
    each = ", ".join(
        f"{its['id']} {its['rate'] or 0.0:.3f} clicks a user of {its['users']:,}" for its in found["variants"]
    )
    needed = found["users_needed"]
    more = "more users than there are" if needed is None else f"some {needed:,} more users"
    said = {
        VariantVerdict.WINNER: f"{found['winner']} is the winner",
        VariantVerdict.ALIKE: f"alike: no difference of {_LEAST:.0%} is left",
        VariantVerdict.UNDECIDED: f"undecided; a difference of {_LEAST:.0%} would need {more}",
    }[VariantVerdict(found["verdict"])]
    return f"variants of {name}: {each}; {said}"
