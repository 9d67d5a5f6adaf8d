"""The rows of a long policy topic are a learner's."""

from __future__ import annotations

from tests.support.core_world import KEYS, NOON_MS
from tideline.scripts.benchmarks.live.memory import make_ranker
from tideline.scripts.benchmarks.live.start import _row
from tideline.udfs.core.policies.policy_table import decode_row


def test_a_row_is_one_of_the_rankers_own_encoder_and_always_the_same() -> None:
    ranker = make_ranker(KEYS, NOON_MS)
    for name in list(ranker.offers.activities)[:3]:
        decoded, row = decode_row(_row(ranker, name), 7)
        assert (decoded, row.encoder, row.version, row.impressions) == (name, ranker.encoder.version, 7, 100.0)
        assert _row(ranker, name) == _row(ranker, name)
