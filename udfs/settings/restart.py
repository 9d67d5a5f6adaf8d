"""What a change of each option does to state when a job is started again from it; what may not change is refused."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from tideline.schemas.errors import ConfigError
from tideline.udfs.core.ranking.placements import numbers_of
from tideline.udfs.settings.options import options_of

if TYPE_CHECKING:
    from tideline.udfs.settings.job_config import JobConfig


@dataclass(frozen=True)
class Effect:
    """What a change does.

    Attributes:
        words: One line for the table of options.
        kept: State says which value it was made with, and so does a file beside the checkpoints of a local stack.
        refused: Another value is refused.
    """

    words: str
    kept: bool = False
    refused: bool = False


_SAME = Effect("same state")
_LISTS = Effect("same state; only new lists")
_ROWS = Effect("same sums; counts from the next published policy")

EFFECTS: Mapping[str, Effect] = MappingProxyType(
    {
        "name": Effect("same state; `--latest` looks for the name"),
        "bootstrap": Effect("same state, offsets too: for brokers with other records begin with `--fresh`"),
        "kafka_properties": _SAME,
        "topics": Effect("refused: state holds their offsets", kept=True, refused=True),
        "group_id": Effect("same state; offsets come from state"),
        "start": Effect("nothing: offsets come from state"),
        "without_state": Effect("nothing: there is state"),
        "epoch": Effect("same state; one that is not higher than in the policy topic is refused"),
        "prefix": Effect("same state; only new lists, `republish` writes all"),
        "redis_url": Effect("same state; only new lists, `republish` writes all"),
        "list_ttl_s": _LISTS,
        "refresh_per_s": _SAME,
        "redis_deadline_s": _SAME,
        "parallelism": Effect("same state, shared out anew"),
        "shards": Effect("refused: users would begin anew", kept=True, refused=True),
        "batch_ms": _SAME,
        "list_size": _LISTS,
        "list_rules": _LISTS,
        "placements": Effect(
            "same state; only new lists; refused where a number goes to another name: state and tokens know a "
            "placement by it",
            kept=True,
        ),
        "policy": _ROWS,
        "exploration": _LISTS,
        "holdout": Effect("same state; only new lists; who is held out changes"),
        "salt": Effect("same state; only new lists; who is held out changes"),
        "weight_click": _ROWS,
        "weight_conversion": _ROWS,
        "weight_revenue": _ROWS,
        "weight_cost": _ROWS,
        "least_clicks": _ROWS,
        "push": Effect("same state; only new messages; what pushes have brought stays known, of former horizons too"),
        "half_life_days": Effect("migrates: state says how long its buckets are"),
        "publish_ms": _SAME,
        "worth_limit": Effect("same sums; later events only"),
        "attribution_days": Effect("same state; later events only"),
        "erased_days": _SAME,
        "generation": Effect("same state; only new lists; a lower one is refused: no list would be written", kept=True),
        "encoder": Effect("migrates: users are encoded anew, what was learned is carried over"),
        "provider": _SAME,
        "token_keys": Effect(
            "same state; tokens of a key that is gone are refused; another secret with the lowest id changes who is "
            "held out, unless there is a `salt`"
        ),
        "token_key_id": _LISTS,
    }
)
"""Of every option of the live job. No state outlives a replay."""


def kept_options(config: JobConfig) -> dict[str, str]:
    """What to keep beside a job's state: the options that a restart is checked against, as text.

    No placements are not kept: the numbers of former ones stay known until there are others.
    """
    options = options_of(type(config))
    kept = [key for key, effect in EFFECTS.items() if effect.kept]
    if not config.placements:
        kept.remove("placements")
    return {key: options[key].shown(getattr(config, key)) for key in kept}


def refuse_changes(kept: Mapping[str, str], config: JobConfig) -> None:
    """Compare a configuration with what `kept_options` gave when the state was made.

    Raises:
        ConfigError: An option has changed that may not; the message names it, its value and what is allowed.
    """
    now = kept_options(config)
    for key, before in kept.items():
        effect = EFFECTS.get(key)
        if effect is not None and effect.refused and not _same(key, before, now[key]):
            raise ConfigError(
                key, now[key], f"{before}, with which the state was made; or begin anew without state (--fresh)"
            )
    _refuse_numbers(kept.get("placements", "[]"), config)
    if int(now["generation"]) < int(kept.get("generation", "0")):
        raise ConfigError("generation", config.generation, f"{kept['generation']} or higher: lists carry that one")


def _same(key: str, before: str, now: str) -> bool:
    """Return whether a value is as before; a topic that an older build did not know yet holds no offsets of its own."""
    if key != "topics":
        return before == now
    names = json.loads(now)
    return all(names.get(role) == name for role, name in json.loads(before).items())


def _refuse_numbers(before: str, config: JobConfig) -> None:
    """Refuse that what came of one placement's lists would count for another's."""
    former = {number: name for name, number in numbers_of(before).items()}
    for at, each in enumerate(config.placements):
        name = former.get(each.number, each.name)
        if name != each.name:
            allowed = f"another number than that of {name}, whose lists may still come back; or its name"
            raise ConfigError(f"placements[{at}].number", each.number, allowed)
