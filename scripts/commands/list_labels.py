"""Which labels of a user had a part in a list: those that a rule asked for and that he meets, by name alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tideline.udfs.core.catalogue.eligibility.by_profile import Labels
from tideline.udfs.core.catalogue.eligibility.rule_form import Labelled
from tideline.udfs.core.catalogue.eligibility.rules import clauses_of_activity
from tideline.udfs.core.profiles.kept_profile import NO_PROFILE, read_kept
from tideline.udfs.core.profiles.profile_batch import told_by
from tideline.udfs.core.profiles.profile_record import LABELS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tideline.udfs.core.catalogue.activity import Activity
    from tideline.udfs.core.policies.policy_start import TopicRecord
    from tideline.udfs.core.profiles.kept_profile import KeptProfile


def profile_of(user: str, records: Iterable[TopicRecord]) -> KeptProfile | None:
    """Return what the topic of profiles says of a user now, None where that is nothing."""
    key = user.encode("utf-8", "surrogateescape")
    mine = ((each.key, each.value, each.timestamp_ms) for each in records if each.key == key)
    kept = told_by(mine).profiles.get(user, NO_PROFILE)
    return read_kept(kept) if kept and read_kept(kept).stated else None


def labels_met(activity: Activity, profile: KeptProfile) -> list[str]:
    """Return the labels that a rule asks for, as the user has them or, denied, has them not."""
    literals = [each for clause in clauses_of_activity(activity) for each in clause]
    return sorted(
        {
            predicate.label
            for predicate, holds in literals
            if isinstance(predicate, Labelled)
            and bool(Labels.of([predicate]).answers([(0, profile)], 1)[0, 0]) == holds
        }
    )


def told_of_profile(profile: KeptProfile) -> dict[str, Any]:
    """Return what is said of a user's profile: no value of a label, no zone and nothing that he opted out of."""
    return {
        "labels": [LABELS[number] for number, _ in profile.labels],
        "own_clock": profile.zone is not None,
        "personalise": profile.personalise,
        "learn": profile.learn,
        "opt_outs": len(profile.opt_outs),
    }


def profile_in_words(told: dict[str, Any]) -> str:
    """Return a line about a user's profile.

    >>> profile_in_words({"labels": ["tier"], "own_clock": True, "personalise": False, "learn": True, "opt_outs": 2})
    'profile: labels tier; clocks of his own; not personal: ranked as a stranger; 2 opt-outs'
    """
    parts = [
        f"labels {', '.join(told['labels'])}" if told["labels"] else "no labels",
        "clocks of his own" if told["own_clock"] else "clocks of the activities",
        "" if told["personalise"] else "not personal: ranked as a stranger",
        "" if told["learn"] else "not learned from",
        f"{told['opt_outs']} opt-out{'s' * (told['opt_outs'] > 1)}" if told["opt_outs"] else "",
    ]
    return f"profile: {'; '.join(filter(None, parts))}"
