"""What a job must be told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The options that have no default, as the environment gives them."""
    (tmp_path / "manifest.json").write_text("{}")
    return {
        "TIDELINE_BOOTSTRAP": "broker:9092",
        "TIDELINE_REDIS_URL": "redis://:hidden@cache:6379/0",
        "TIDELINE_TOKEN_KEYS": json.dumps({"1": "5e" * 32}),
        "TIDELINE_ENCODER": str(tmp_path),
    }
