"""From the options of a job to the settings that ranking reads."""

from __future__ import annotations

from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.lists.token_keys import TokenKeys
from tideline.udfs.core.policies.by_name import make_policy
from tideline.udfs.core.serving.ranker_state import RankSettings
from tideline.udfs.settings.job_config import JobConfig

_DAY_MS = 86_400_000


def rank_settings(config: JobConfig) -> RankSettings:
    """Return the ranking settings of a job."""
    return RankSettings(
        policy=make_policy(config.policy),
        keys=TokenKeys(config.token_keys, config.token_key_id),
        salt=hash64(config.salt),
        list_size=config.list_size,
        exploration_permille=round(config.exploration * 1000),
        worth_limit=config.worth_limit,
        attribution_ms=round(config.attribution_days * _DAY_MS),
        weights=(config.weight_click, config.weight_conversion, config.weight_revenue, config.weight_cost),
        generation=config.generation,
        holdout_permille=round(config.holdout * 1000),
        list_rules=config.list_rules,
    )
