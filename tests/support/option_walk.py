"""Every option of the live job with another value: what a restart from state is tried with, in what order."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from tideline.schemas.topics import Topics
from tideline.scripts.localstack.paths import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Mapping

SECOND_KEY = {"2": "7a" * 32}
"""A token secret more; it comes by the environment."""
NEW_LISTS = {
    "list_ttl_s": "3600",
    "list_size": "7",
    "list_rules": json.dumps([{"by": "category", "penalty": [0, 5, "ban"]}]),
    "placements": json.dumps([{"name": "cart", "number": 2, "size": 4, "apart_from": ["default"]}]),
    "exploration": "0.1",
    "holdout": "0.2",
    "salt": "other",
    "generation": "6",
    "token_keys": json.dumps(SECOND_KEY),
    "token_key_id": "2",
    "attribution_days": "3",
}
"""What changes lists from the restart on and keeps all state."""
BASE = {"generation": "5"}
"""What the walk's job begins with besides what every test's job does."""


def refused(tag: str) -> dict[str, str]:
    """Return the changes that destroy state, each to be refused by itself."""
    other = Topics().with_suffix(f"-{tag}-other").by_role()
    return {"shards": "16", "topics": json.dumps(other), "generation": "4", "epoch": "0"}


def steps(bootstrap: str, redis_url: str, tag: str) -> dict[str, Mapping[str, str]]:
    """Return the changes that keep or migrate state, those together that do not hide each other's effect."""
    redis = urlsplit(redis_url)
    return {
        "same state": {
            "name": f"{tag}-renamed",
            "bootstrap": f"{bootstrap},{bootstrap}",
            "kafka_properties": json.dumps({"client.dns.lookup": "use_all_dns_ips"}),
            "group_id": f"{tag}-other",
            "start": "earliest",
            "without_state": "begin",
            "epoch": "2",
            "refresh_per_s": "0",
            "erased_days": "30",
            "redis_deadline_s": "30",
            "parallelism": "2",
            "batch_ms": "200",
            "publish_ms": "1000",
            "provider": "cpu",
        },
        "only new lists": NEW_LISTS,
        "only new messages": {"push": json.dumps({"week": 2, "zones": ["Europe/Berlin"]})},
        "from the next policy": {
            "policy": "thompson",
            "weight_click": "2",
            "weight_conversion": "3",
            "weight_revenue": "0.5",
            "weight_cost": "0.25",
            "least_clicks": "0.9",
            "worth_limit": "100",
        },
        "elsewhere": {"prefix": f"{tag}-other", "redis_url": redis._replace(path="/1").geturl()},
        "half-life": {"half_life_days": "56"},
        "encoder": {"encoder": str(REPOSITORY / "models" / "artefacts" / "demo-2")},
    }
