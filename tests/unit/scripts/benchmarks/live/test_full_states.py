"""Histories as full as the traffic makes them."""

from __future__ import annotations

import numpy as np

from tests.support.core_world import KEYS, NOON_MS
from tests.support.doc_pages import ROOT
from tideline.models.encoder import Encoder
from tideline.scripts.benchmarks.live.full_states import full_states
from tideline.udfs.core.users.user_state import HISTORY, decode_states


def test_the_histories_are_full() -> None:
    """Contract: the state is as large as a user's gets by these events, and the job reads it."""
    states = full_states(KEYS, NOON_MS)
    assert len(states) > 300
    read = decode_states(states, Encoder.load(ROOT / "models" / "artefacts" / "demo-1", "cpu").hidden)
    assert np.mean(read.header["n_history"] == HISTORY) > 0.95
