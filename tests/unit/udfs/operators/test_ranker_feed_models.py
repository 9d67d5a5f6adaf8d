"""Commands that load another encoder."""

from __future__ import annotations

import pytest

from tests.support.core_world import activity, make_ranker
from tests.support.fed_ranker import ARTEFACTS, Fed, load_command, row_of
from tideline.models.encoder import Encoder
from tideline.models.registry import verify
from tideline.udfs.core.control.control import (
    LoadModel,
)
from tideline.udfs.core.policies.arm_key import PRIOR_ID
from tideline.udfs.operators.ranker_feed import POLICY


def test_a_model_is_swapped_for_one_with_the_ordered_hash() -> None:
    """Contract: contexts of the new one are ranked with what was learned from it; the old one's rows stay apart."""
    fed = Fed(make_ranker([activity("a")], Encoder.load(ARTEFACTS / "demo-1", "cpu")))
    fed.apply(POLICY, [(0, b"1|a", row_of(1, "a", 4.0)), (1, b"2|*", row_of(2, PRIOR_ID, 0.0))])
    assert fed.ranker.known.impressions.tolist() == [4.0]
    fed.obey(load_command("demo-2"))
    assert fed.ranker.encoder.version == 2
    assert fed.counts == {"policy_rows_applied": 2, "model_swapped": 1, "control_applied": 1}
    assert fed.ranker.known.impressions.tolist() == [0.0]


def test_an_ordered_model_waits_for_its_policy_rows() -> None:
    """Contract: no list is scored with a new encoder before the learner has published its rows, the prior last."""
    fed = Fed(make_ranker([activity("a")], Encoder.load(ARTEFACTS / "demo-1", "cpu")))
    fed.obey(load_command("demo-2"))
    fed.apply(POLICY, [(0, b"2|a", row_of(2, "a", 7.0))])
    assert (fed.ranker.encoder.version, fed.counts["model_swapped"]) == (1, 0)
    fed.apply(POLICY, [(1, b"2|*", row_of(2, PRIOR_ID, 0.0))])
    assert (fed.ranker.encoder.version, fed.counts["model_swapped"]) == (2, 1)
    assert fed.ranker.known.impressions.tolist() == [7.0]
    fed.apply(POLICY, [(2, b"2|*", row_of(2, PRIOR_ID, 0.0))])
    assert fed.counts["model_swapped"] == 1


def test_of_two_ordered_models_the_later_one_counts_and_a_refused_one_is_none() -> None:
    fed = Fed(make_ranker([activity("a")], Encoder.load(ARTEFACTS / "demo-2", "cpu")))
    for command in (load_command("demo-2"), load_command("demo-1"), LoadModel(2, str(ARTEFACTS / "demo-9"), "0" * 64)):
        fed.obey(command)
    fed.apply(POLICY, [(0, b"2|*", row_of(2, PRIOR_ID, 0.0)), (1, b"1|*", row_of(1, PRIOR_ID, 0.0))])
    assert (fed.ranker.encoder.version, fed.counts["model_swapped"], fed.counts["model_refused"]) == (1, 1, 1)


@pytest.mark.parametrize(
    ("version", "folder", "sha256"),
    [(2, "demo-2", "0" * 64), (3, "demo-2", None), (2, "demo-9", "0" * 64), (2, "..", "0" * 64)],
)
def test_a_refused_model_leaves_the_one_in_use(version: int, folder: str, sha256: str | None) -> None:
    """Contract: another version or hash than ordered, or no model at all, is counted and changes nothing."""
    fed = Fed()
    before = fed.ranker.encoder
    fed.obey(LoadModel(version, str(ARTEFACTS / folder), sha256 or verify(ARTEFACTS / folder).sha256))
    assert fed.ranker.encoder is before
    assert fed.counts["model_refused"] == 1
    assert fed.counts["model_swapped"] == 0
