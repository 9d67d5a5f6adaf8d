"""Logged decisions worked out again: each part of the score, held bit for bit against what the log says.

It is the core that scores, by the code that wrote the log, from what a record holds and the rows of its policy version.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from tideline.schemas.errors import ConfigError
from tideline.scripts.console.learned import Learned
from tideline.udfs.core.catalogue.catalogue import Catalogue
from tideline.udfs.core.policies.base import Contexts
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.policies.cold_start import Charged, Weights, coefficients, pairs_at, row_at, scaled
from tideline.udfs.core.policies.policy_start import PolicyStart
from tideline.udfs.core.serving.decisions import Scorable, scores_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from tideline.udfs.core.catalogue.activity import Activity

    ReadPolicy = Callable[[int | None], PolicyStart]
    Decision = Mapping[str, Any]

PARTS = ("click", "conversion", "revenue", "cost")
"""Of a mean, by what is worth something."""
_OTHERS = ("", "baseline", "holdout")
NOTHING_LEARNED = Learned.of(PolicyStart([], 0, 0, True))
"""What a ranker knows before the first row."""


class Ranking(NamedTuple):
    """How a job scores, as its options say."""

    policy: str
    weights: Weights


class Worked(NamedTuple):
    """What a decision's score was made of: mean, bonus, the parts of the mean; or why that is not known."""

    mean: float | None
    bonus: float | None
    parts: dict[str, float]
    why_not: str = ""
    complete: bool = True
    """Whether its topic surely has every row of that version."""


class Scores:
    """Works decisions out again. Each version of the policy is read once."""

    def __init__(self, ranking: Ranking, known: Mapping[str, Activity], read_policy: ReadPolicy) -> None:
        """`known` are the activities as they were; `read_policy` reads the policy's topic as of a version."""
        self.policy, self._weights = make_policy(ranking.policy), ranking.weights
        self._known, self._read_policy = known, read_policy
        self._read: dict[int, Learned] = {}

    def of(self, decision: Decision) -> Worked:
        """Return what a decision was made of.

        Raises:
            Unavailable: the policy's topic cannot be read.
        """
        activity = self._known.get(decision["activity_id"])
        why_not = self.why_not(decision) or self.unread(decision)
        if why_not or activity is None:
            return Worked(None, None, {}, why_not)
        encoder, version = decision["encoder_version"], decision["policy_version"]
        table = self.learned(version).table
        row = row_at(table, encoder, activity, version)
        if row is None:
            return Worked(None, None, {}, _gone(version))
        some = [Scorable(decision["x"], decision["eligible"], decision["pair"], activity, row)]
        shared = pairs_at(table, encoder, version)
        ((mean, bonus),) = scores_of(some, self.policy, self._weights, shared)
        parts = {}
        for at, name in enumerate(PARTS):
            if not self._weights[at]:
                continue
            alone: Weights = tuple(each * (place == at) for place, each in enumerate(self._weights))  # type: ignore[assignment]
            ((part, _),) = scores_of(some, self.policy, alone, shared)
            parts[name] = (part or 0.0) * scaled(self._weights)[at] / scaled(alone)[at]
        return Worked(mean, bonus, parts, complete=self.learned(version).complete)

    def listed(
        self,
        decision: Decision,
        names: Sequence[str],
        pairs: Sequence[int],
        charged: Charged = Charged.ALL,
        learned: Learned | None = None,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return mean and bonus of known activities, with what budgets charge and floors add: lists are ordered so.

        `pairs` are what the user of a decision has to do with each of them; `learned` stands for what was learned as
        of its version.

        Raises:
            Unavailable: the policy's topic cannot be read.
        """
        read = learned or self.learned(decision["policy_version"])
        catalogue = Catalogue.of([self._known[name] for name in names])
        at = {each.activity_id: number for number, each in enumerate(catalogue.activities)}
        order = [at[name] for name in names]
        ordered = np.zeros((1, len(order)), np.uint32)
        ordered[0, order] = pairs
        x = np.frombuffer(decision["x"], np.int8)[None, :]
        standings = charged.of(read.standings.known)
        rows = coefficients(read.table, catalogue, decision["encoder_version"], self._weights, standings)
        eligible = np.array([decision["eligible"]])
        scores = self.policy.score(Contexts(x, ordered), rows, eligible, np.zeros(1, np.uint64))
        return scores.mean[0, order], scores.bonus[0, order]

    def learned(self, version: int) -> Learned:
        """Return what had been learned as of a version of the policy; raises as `listed`."""
        if version not in self._read:
            self._read[version] = Learned.of(self._read_policy(version))
        return self._read[version]

    def unread(self, decision: Decision) -> str:
        """Return that the policy as of a decision's version is not known, empty where it is; raises as `listed`."""
        version = decision["policy_version"]
        lacks = version and not self.learned(version).table.knows(decision["encoder_version"], version)
        return _gone(version) if lacks else ""

    def why_not(self, decision: Decision) -> str:
        """Return why no scores of the deployment's policy made a decision what it is, empty where they did."""
        if decision["policy"] == "popular":
            return "it was on the popular list, which is ranked for nobody in particular"
        if decision["placement"]:
            return "it was on a placement's list, whose weights may be others"
        if decision["arm"] not in _OTHERS:
            return f"its user was in arm {decision['arm']} of an experiment"
        if self.policy.randomised:
            return "the policy draws its scores"
        if decision["arm"] != "holdout" and decision["policy"] != self.policy.name:
            return f"it was ranked by {decision['policy']}, not by {self.policy.name}"
        if decision["activity_id"] not in self._known:
            return f"its activity, {decision['activity_id']}, is no longer known"
        return ""


def _gone(version: int) -> str:
    return f"the policy as of version {version:,} is no longer in its topic"


def explained(decisions: Sequence[Decision], scores: Scores) -> dict[str, Any]:
    """Return what one list's decisions were made of, in the order of its places, and whether the log has the same.

    Raises:
        ConfigError: there are none.
        Unavailable: the policy's topic cannot be read.
    """
    if not decisions:
        raise ConfigError("SUBJECT", "", "a list of which the topic of decisions still has something")
    entries = [_entry(each, scores.of(each)) for each in sorted(decisions, key=lambda each: each["position"])]
    for one, below in pairwise(entries):
        one["ahead"] = _ahead(one, below)
    first = decisions[0]
    told = [each["equal"] for each in entries if each["equal"] is not None]
    return {
        "decision_id": first["decision_id"],
        "user_id": first["user_id"],
        "shown_ms": min(each["shown_ms"] for each in decisions),
        "as_of_ms": first["as_of_ms"],
        "policy": first["policy"],
        "policy_version": first["policy_version"],
        "encoder_version": first["encoder_version"],
        "eligible": first["eligible"],
        "slate": list(first["slate"]),
        "equal": all(told) if told else None,
        "entries": entries,
    }


def _entry(decision: Decision, worked: Worked) -> dict[str, Any]:
    equal, why_not = _held_against(decision, worked)
    return {
        "position": decision["position"],
        "activity_id": decision["activity_id"],
        "mean": worked.mean,
        "parts": worked.parts,
        "bonus": worked.bonus,
        "equal": equal,
        "why_not": why_not,
        "explored": decision["explored"],
        "propensity": decision["propensity"],
        "rules": list(decision["constraints"]),
        "feasible": decision["feasible"],
        "price": 0.0,
        "owed": 0.0,
        "ahead": None,
    }


def _held_against(decision: Decision, worked: Worked) -> tuple[bool | None, str]:
    """Return whether the log has the same, and why that cannot be said.

    Rows that are gone would make other numbers; the same ones are none the less proof that none is.
    """
    if worked.why_not:
        return None, worked.why_not
    if decision["mean"] is None:
        return None, "the log has no score of it"
    equal = (worked.mean, worked.bonus) == (decision["mean"], decision["bonus"])
    if not equal and not worked.complete:
        return None, f"{_gone(decision['policy_version'])} whole: what is left of it makes other numbers"
    return equal, ""


def _ahead(one: Mapping[str, Any], below: Mapping[str, Any]) -> float | None:
    """Return by how much an entry is ahead of the one below, where both are known and stand next to each other."""
    if below["position"] != one["position"] + 1 or None in (one["mean"], one["bonus"], below["mean"], below["bonus"]):
        return None
    return float(one["mean"] + one["bonus"] - below["mean"] - below["bonus"])
