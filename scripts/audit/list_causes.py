"""Why a list stood as it did: what each event of its user did to it, who came next, and whom what kept out."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tideline.schemas.events import TYPE_NAMES
from tideline.udfs.core.pairs.pair_numbers import MAX_BREADTH, affinity_at
from tideline.udfs.core.policies.cold_start import Charged
from tideline.udfs.core.users.long_liked import HALF_LIVES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.scripts.audit.decision_scores import Decision, Scores
    from tideline.scripts.audit.remade_user import Remade

LIST_RULES, CAPPED, NOT_FOR_HIM, USED_UP = "list rules", "cap or dismissal", "rule, hours or opt-out", "limit used up"
"""What keeps an activity from a list; of list rules those are told that had a say in it."""


NOT_REMADE = "his records in the clickstream do not lead to the context that the list was made of"
_CHANGED = "activities have changed since, or not all that counted of him is still there"
UNKNOWN: dict[str, Any] = {"runner_up": None, "kept_out": None, "events": None, "not_known": {}}
"""Where nothing of a list can be worked out."""


def causes(
    found: Mapping[str, Any], decisions: Sequence[Decision], scores: Scores, remade: Remade | str
) -> dict[str, Any]:
    """Return what budgets, events and other activities did to a list that was `found` explained; or why not.

    `decisions` are those of its entries that were worked out; `remade` is its user then, or why he is not known.

    Raises:
        Unavailable: the policy's topic cannot be read.
    """
    told = charges(decisions, scores)
    entries = [each | told.get(each["activity_id"], {}) for each in found["entries"]]
    for one, below in pairwise(entries):
        if one["ahead"] is not None:
            one["ahead"] += _charged(one) - _charged(below)
    if isinstance(remade, str):
        return UNKNOWN | {"entries": entries, "not_known": {"runner_up": remade, "events": remade}}
    why_not = _no_contest(decisions, scores, remade)
    others = None if why_not else contest(decisions, scores, remade)
    done = {"entries": entries, "events": effects(decisions, scores, remade)}
    return UNKNOWN | done | (others or {"not_known": {"runner_up": why_not or _CHANGED}})


def charges(decisions: Sequence[Decision], scores: Scores) -> dict[str, dict[str, float]]:
    """Return by activity its `price`, what its budget took off its score, and what it was `owed` and had added.

    Raises:
        Unavailable: the policy's topic cannot be read.
    """
    names, pairs = [each["activity_id"] for each in decisions], [each["pair"] for each in decisions]
    plain, priced, whole = (
        scores.listed(decisions[0], names, pairs, charged)[0]
        for charged in (Charged.NOTHING, Charged.PRICES, Charged.ALL)
    )
    price, owed = (plain - priced).tolist(), (whole - priced).tolist()
    return {name: {"price": price[at], "owed": owed[at]} for at, name in enumerate(names)}


def _charged(entry: Mapping[str, Any]) -> float:
    return float(entry["owed"] - entry["price"])


def effects(decisions: Sequence[Decision], scores: Scores, remade: Remade) -> list[dict[str, Any]]:
    """Return of each event, the newest first, by how much it raised the scores of entries; negative: lowered.

    That is the score less what it had been without the event, all else alike. Entries whose pair the user's records do
    not lead to are left out.

    Raises:
        Unavailable: the policy's topic cannot be read.
    """
    its = [each for each in decisions if _same_but_seen(each["pair"], remade.seen.pairs.get(each["activity_id"]))]
    if not its:
        return []
    by_name = {each["activity_id"]: each for each in its}
    names = list(by_name)
    with_all = _total(scores, its[0], names, [each["pair"] for each in its])
    found = []
    for event, seen in remade.without:
        pairs = [
            each["pair"] + seen.pairs[name] - remade.seen.pairs[name] for each, name in zip(its, names, strict=True)
        ]
        without = _total(scores, {**its[0], "x": seen.x}, names, pairs)
        done = (with_all - without).tolist()
        found.append(
            {
                "event_id": event.event_id,
                "type": TYPE_NAMES[event.type],
                "ts_ms": event.ts_ms,
                "item_id": event.item_id,
                "category": event.category,
                "effects": {name: each for name, each in zip(names, done, strict=True) if math.isfinite(each)},
            }
        )
    return found


def _no_contest(decisions: Sequence[Decision], scores: Scores, remade: Remade) -> str:
    """Return why it cannot be told who else could have been on a list, empty where it can."""
    first, on_list = decisions[0], {name for name in decisions[0]["slate"] if name is not None}
    may = remade.may - _stopped(first, scores)
    if first["arm"] == "holdout":
        return "the list was drawn"
    if all(each["explored"] for each in decisions):
        return "every place that was on screen explored"
    if scores.policy.reads_pairs and not remade.whole:
        return "what he had been shown before is not known without the job's token secrets and all of his records"
    if len(on_list) < len(first["slate"]) or len(may) != first["eligible"] or not may >= on_list:
        return _CHANGED
    return ""


def contest(decisions: Sequence[Decision], scores: Scores, remade: Remade) -> dict[str, Any] | None:
    """Return who came next and by how much, and who would have stood above the last place and was kept out by what.

    The place is the last one that was on screen and did not explore. None where somebody whom nothing keeps out scores
    above it: his score is another one than it was.

    Raises:
        Unavailable: the policy's topic cannot be read.
    """
    first = decisions[0]
    stopped = _stopped(first, scores)
    by = dict.fromkeys(remade.may - stopped, LIST_RULES) | dict.fromkeys(remade.not_for_him, NOT_FOR_HIM)
    by |= dict.fromkeys(remade.capped, CAPPED) | dict.fromkeys(remade.may & stopped, USED_UP)
    names = sorted(by.keys() | set(first["slate"]))
    scored = _total(scores, first, names, [remade.seen.pairs[each] for each in names])
    found = dict(zip(names, scored.tolist(), strict=True))
    last = min(found[each["activity_id"]] for each in decisions if not each["explored"])
    others = sorted(set(names) - set(first["slate"]), key=lambda name: (-found[name], name))
    acted = sorted({name for each in decisions for name in each["constraints"]})
    above = [name for name in others if found[name] > last]
    if not acted and LIST_RULES in (by[name] for name in above):
        return None
    best = next((name for name in others if by[name] == LIST_RULES and found[name] <= last), None)
    runner_up = best and {"activity_id": best, "score": found[best], "margin": last - found[best]}
    told = {each: each for each in by.values()} | {LIST_RULES: ", ".join(acted)}
    kept_out = [{"activity_id": name, "by": told[by[name]], "ahead": _finite(found[name] - last)} for name in above]
    return {"runner_up": runner_up, "kept_out": kept_out}


def _stopped(decision: Decision, scores: Scores) -> set[str]:
    known = scores.learned(decision["policy_version"]).standings.known
    return {name for name, each in known.items() if each.stopped}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _total(scores: Scores, first: Decision, names: Sequence[str], pairs: Sequence[int]) -> NDArray[np.float64]:
    mean, bonus = scores.listed(first, names, pairs)
    return mean + bonus


def _same_but_seen(logged: int, remade: int | None) -> bool:
    """Return whether two pairs differ at most in how often the user had seen the activity."""
    if remade is None:
        return False
    both = np.array([logged, remade], np.uint32)
    parts = [affinity_at(both, at) for at in range(1 + len(HALF_LIVES))] + [both & np.uint32(MAX_BREADTH)]
    return all(int(one) == int(other) for one, other in parts)
