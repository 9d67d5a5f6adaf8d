"""From the options of a job to the settings that ranking reads."""

from __future__ import annotations

import hashlib

from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.serving.offers.offers import RankSettings
from tideline.udfs.settings.job_config import BackfillConfig, JobConfig, ReplayConfig

_DAY_MS = 86_400_000


def rank_settings(config: JobConfig) -> RankSettings:
    """Return the ranking settings of a job; what goes over the past sends nobody a message."""
    return RankSettings(
        policy=make_policy(config.policy),
        keys=TokenKeys(config.token_keys, config.token_key_id),
        salt=_salt(config),
        list_size=config.list_size,
        exploration_permille=round(config.exploration * 1000),
        worth_limit=config.worth_limit,
        attribution_ms=round(config.attribution_days * _DAY_MS),
        weights=(config.weight_click, config.weight_conversion, config.weight_revenue, config.weight_cost),
        generation=config.generation,
        holdout_permille=round(config.holdout * 1000),
        list_rules=config.list_rules,
        placements=config.placements,
        least_clicks=config.least_clicks,
        push=None if isinstance(config, BackfillConfig | ReplayConfig) else config.push,
        lifted=(config.without if isinstance(config, ReplayConfig) else None) or (),
    )


def _salt(config: JobConfig) -> int:
    """Return what all draws are seeded with: nothing that a visitor could know, or he could choose when to come.

    Without the option it is made of the token secret that has been there for longest: the current one is a newer one
    after each rotation, and users would change arms.
    """
    if config.salt is not None:
        return hash64(config.salt)
    secret = config.token_keys[min(config.token_keys)]
    return int.from_bytes(hashlib.blake2b(key=secret[:64], person=b"draws", digest_size=8).digest(), "little")
