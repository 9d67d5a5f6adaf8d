"""What is kept of users, by KeptUsers.java as a worker compiles it, in both of Flink's state backends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tideline.scripts.localstack.paths import REPOSITORY, SITE_PACKAGES

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.flink, pytest.mark.slow]
_NAMES = ["ann", "\U0001f98a fox", "nul\0l", "\u00fc\u2028", "\U0010ffff" * 200, "k" * 200, "last"]
"""Of one to four bytes a letter; Java's own UTF-8 has other bytes for the zero and for those of four."""


@pytest.mark.parametrize("backend", ["hashmap", "rocksdb"])
def test_users_of_two_shards_are_kept_and_forgotten_by_name_and_shard(tmp_path: Path, backend: str) -> None:
    """Contract: whatever letters a name has, and that somebody is forgotten in one shard is not felt in another."""
    (tmp_path / "users.json").write_text(json.dumps(_NAMES))
    ran = subprocess.run(
        [sys.executable, "-m", "tests.support.mini_users", str(tmp_path), backend],
        env=os.environ | {"PYTHONPATH": f"{SITE_PACKAGES}{os.pathsep}{REPOSITORY}"},
        cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=600,
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr[-6000:]
    first, second = [f"1 {name}" for name in _NAMES], [f"2 {name}" for name in _NAMES[:-1]]
    before, stored, forgotten = json.loads((tmp_path / "found.json").read_text())
    assert before == [[None] * (len(first) + len(second)), [[], []]]
    assert stored == [first + second, [sorted(_NAMES), sorted(_NAMES[:-1])]]
    assert forgotten == [[*first, None, None, *second[2:]], [sorted(_NAMES), sorted(_NAMES[2:-1])]]
