"""From the options of a job to the settings that ranking reads."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tideline.scripts.commands.job_rights import LIVE_WRITES, written_by
from tideline.udfs.core.hashing import hash64
from tideline.udfs.core.push.learned.push_settings import read_push
from tideline.udfs.core.ranking.list_rules import BAN, ListRule, read_list_rules
from tideline.udfs.core.ranking.placements import Placement, read_placements
from tideline.udfs.settings.job_config import BackfillConfig, JobConfig, ReplayConfig
from tideline.udfs.settings.rank_settings import rank_settings


def test_every_setting_comes_from_its_option() -> None:
    """Contract: shares become thousandths, days milliseconds, the salt its hash."""
    config = JobConfig(
        bootstrap="b:1",
        redis_url="redis://h",
        encoder=Path(),
        token_keys={3: b"k" * 32},
        token_key_id=3,
        policy="linucb:alpha=0.25",
        exploration=0.035,
        holdout=0.1,
        salt="s",
        list_size=7,
        attribution_days=0.5,
        worth_limit=9.0,
        generation=4,
        weight_click=1.0,
        weight_conversion=2.0,
        weight_revenue=3.0,
        weight_cost=4.0,
        list_rules=read_list_rules('[{"by": "kind", "penalty": [0, "ban"]}]'),
        placements=read_placements('[{"name": "cart", "number": 2, "size": 4}]'),
        push=read_push({"week": 2, "zones": ["UTC"]}),
    )
    found = rank_settings(config)
    assert found.policy.values["alpha"] == 0.25
    assert (found.keys.secrets, found.keys.current) == ({3: b"k" * 32}, 3)
    assert (found.salt, found.list_size, found.generation) == (hash64("s"), 7, 4)
    assert (found.exploration_permille, found.holdout_permille) == (35, 100)
    assert (found.attribution_ms, found.worth_limit, found.weights) == (43_200_000, 9.0, (1.0, 2.0, 3.0, 4.0))
    assert found.list_rules == (ListRule("kind", (0, BAN)),)
    assert found.placements == (Placement("cart", 2, 4),)
    assert found.push == config.push is not None


@pytest.mark.parametrize(
    ("kind", "more"), [(BackfillConfig, {}), (ReplayConfig, {"name": "r", "from_ms": 1, "to_ms": 2})]
)
def test_what_goes_over_the_past_sends_nobody_a_message(kind: type[JobConfig], more: dict[str, Any]) -> None:
    """Contract: a replay and a backfill take the live job's options, and push nothing; neither has rights to."""
    common: dict[str, Any] = {"bootstrap": "b:1", "redis_url": "redis://h", "encoder": Path(), "token_keys": {1: b"k"}}
    config = kind(**common, **more, salt="s", push=read_push({"week": 2, "zones": ["UTC"]}))
    assert rank_settings(config).push is None
    assert "push" not in written_by(config)
    assert ("push" in written_by(JobConfig(**common, salt="s", push=config.push)), "push" in LIVE_WRITES) == (
        True,
        False,
    )


def test_without_a_salt_draws_are_seeded_by_a_secret() -> None:
    """Contract: nobody can work out from this code what is explored or looked at again; a new current key changes
    nothing, another lowest one does, and a salt that is given is what it was."""
    first, second = {1: b"k" * 32}, {2: b"q" * 32}

    def salt(keys: dict[int, bytes], current: int, salt: str | None = None) -> int:
        common: dict[str, Any] = {"bootstrap": "b:1", "redis_url": "redis://h", "encoder": Path()}
        return rank_settings(JobConfig(**common, token_keys=keys, token_key_id=current, salt=salt)).salt

    seeds = [salt(first, 1), salt(second, 2), hash64("tideline"), hash64("")]
    assert len(set(seeds)) == 4
    assert salt(first | second, 2) == salt(first, 1) < 2**64
    assert salt(first, 1, "s") == salt(second, 2, "s") == hash64("s")
