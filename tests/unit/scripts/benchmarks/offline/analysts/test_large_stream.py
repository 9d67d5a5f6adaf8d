"""A clickstream of any size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from tideline.models.topic_data import load
from tideline.scripts.benchmarks.offline.analysts import large_stream

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_rounds_of_a_large_stream_have_users_of_their_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Contract: so many events as are asked for, none of them twice and none by a robot; each round has its users."""
    monkeypatch.setattr(large_stream, "_ROUND", 100)
    large_stream.write_stream(tmp_path / "stream.parquet", 250)
    data = load(str(tmp_path / "stream.parquet"))
    rounds = np.repeat([name[-3:] for name in data.names], np.diff(data.starts))
    ends, events = np.unique(rounds, return_counts=True)
    assert (ends.tolist(), events.tolist()) == (["000", "001", "002"], [100, 100, 50])
